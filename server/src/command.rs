//! What the command line does beside serving: accounts, keys, tokens, invitations. It works on the data
//! directory, also while a server runs on it: SQLite lets one write at a time, and a running server asks the
//! store who somebody is whenever it matters, at the latest at a connection's next heartbeat.
//!
//! It never serves and never publishes. Called by `main`.

use std::{io, sync::Arc};

use shared::model::account::AccountRole;

use crate::{
    app::StartError,
    auth::{
        api_key, passwords, session,
        token::{SetupError, TokenError, Tokens},
    },
    config::{Config, KeyCommand, StoreCommand, UserCommand},
    data_dir,
    domain::{Refusal, account},
    error::ApiError,
    ids::new_id,
    store::{self, OpenError, Store, StoreError, Tx, WorkError, account as rows, api_key as keys},
    time::unix_ms,
};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Why a command was not done; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(
        "the server that runs on this data directory is of another version: stop it first, or use its own `touchline`"
    )]
    OtherVersion,
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tokens(#[from] SetupError),
    #[error(transparent)]
    Mint(#[from] TokenError),
    #[error("the password could not be read: {0}")]
    Input(#[from] io::Error),
    #[error(transparent)]
    Hash(#[from] passwords::HashError),
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(ApiError::from(refusal).0.message)
    }
}

/// Does a command; what it returns is for standard output.
pub async fn run(config: &Config, command: StoreCommand) -> Result<String, CommandError> {
    // Held to the end, so that no server starts in the middle.
    let (store, _lock) = open(config)?;
    match command {
        StoreCommand::User(command) => user(&store, command).await,
        StoreCommand::Key(command) => key(&store, command).await,
        StoreCommand::Token { name, ttl } => {
            let name = account::name(&name)?;
            let stored = named(&store, name.clone()).await?;
            if stored.disabled {
                return Err(CommandError::Refused(format!("the account {name} is disabled")));
            }
            let tokens = Tokens::open(&config.tokens, &config.data_dir)?;
            Ok(tokens.mint(&stored.account.person.id, ttl.0)?)
        }
        StoreCommand::Invite { days } => {
            let code = session::new_secret();
            let hash = session::hash(&code);
            let work = async move |tx: &mut Tx<'_>| {
                let now = unix_ms();
                Ok(rows::insert_registration(tx, &hash, now, now + i64::from(days) * DAY_MS).await?)
            };
            write(&store, work).await?;
            Ok(code)
        }
    }
}

/// Opens the store. With a server on it the schema stays as it is.
fn open(config: &Config) -> Result<(Store, Option<std::fs::File>), CommandError> {
    let lock = match data_dir::lock(&config.data_dir) {
        Ok(lock) => Some(lock),
        Err(StartError::InUse(_)) if store::is_current(&config.data_dir.join("touchline.db"))? => None,
        Err(StartError::InUse(_)) => return Err(CommandError::OtherVersion),
        Err(error) => return Err(error.into()),
    };
    Ok((Store::open(&config.store(), Arc::new(|_| {}))?, lock))
}

async fn user(store: &Store, command: UserCommand) -> Result<String, CommandError> {
    match command {
        UserCommand::Add { name, display_name, admin, password_stdin } => {
            let name = account::name(&name)?;
            let (password, said) = password(password_stdin)?;
            let person = account::NewPerson {
                name,
                display_name,
                password: Some(passwords::hash(&password)?),
                role: if admin { AccountRole::Admin } else { AccountRole::User },
            };
            let work = async move |tx: &mut Tx<'_>| account::create(tx, person, unix_ms()).await;
            let made = write(store, work).await?;
            Ok(format!("{}{said}", made.person.name))
        }
        UserCommand::Passwd { name, password_stdin } => {
            let stored = named(store, account::name(&name)?).await?;
            let (password, said) = password(password_stdin)?;
            let hash = passwords::hash(&password)?;
            let id = stored.account.person.id;
            let work = async move |tx: &mut Tx<'_>| {
                rows::set_password(tx, &id, &hash).await?;
                Ok(rows::delete_sessions(tx, &id, None).await?)
            };
            write(store, work).await?;
            Ok(format!("{}{said}", stored.account.person.name))
        }
        UserCommand::Role { name, role } => {
            let name = account::name(&name)?;
            let of = name.clone();
            let work = async move |tx: &mut Tx<'_>| Ok(rows::set_role(tx, &of, role).await?);
            known(write(store, work).await?, &name)?;
            Ok(format!("{name} {}", role.as_str()))
        }
        UserCommand::Disable { name } => set_disabled(store, &name, true).await,
        UserCommand::Enable { name } => set_disabled(store, &name, false).await,
        UserCommand::List => {
            let accounts = store.read(async |tx| rows::list(tx).await).await?;
            let lines = accounts.iter().map(|stored| {
                let state = if stored.disabled { " disabled" } else { "" };
                format!("{} {}{state}", stored.account.person.name, stored.account.role.as_str())
            });
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

async fn set_disabled(store: &Store, name: &str, disabled: bool) -> Result<String, CommandError> {
    let stored = named(store, account::name(name)?).await?;
    let person = stored.account.person;
    let name = person.name.clone();
    let work = async move |tx: &mut Tx<'_>| {
        rows::set_disabled(tx, &person.name, disabled).await?;
        if disabled {
            rows::delete_sessions(tx, &person.id, None).await?;
        }
        Ok(())
    };
    write(store, work).await?;
    Ok(format!("{name} {}", if disabled { "disabled" } else { "enabled" }))
}

async fn key(store: &Store, command: KeyCommand) -> Result<String, CommandError> {
    match command {
        KeyCommand::Add { name } => {
            let name = account::name(&name)?;
            let key = api_key::new_key();
            let (hash, id) = (session::hash(&key), new_id::<String>());
            let named = name.clone();
            let work =
                async move |tx: &mut Tx<'_>| Ok(keys::insert(tx, &id, &hash, &named, unix_ms()).await?);
            if write(store, work).await? {
                Ok(key)
            } else {
                Err(CommandError::Refused(format!("there is a key of the name {name}")))
            }
        }
        KeyCommand::List => {
            let keys = store.read(async |tx| keys::list(tx).await).await?;
            Ok(keys
                .iter()
                .map(|key| format!("{} {}", key.name, key.created_at))
                .collect::<Vec<_>>()
                .join("\n"))
        }
        KeyCommand::Remove { name } => {
            let of = name.clone();
            let work = async move |tx: &mut Tx<'_>| Ok(keys::delete(tx, &of).await?);
            if write(store, work).await? {
                Ok(name)
            } else {
                Err(CommandError::Refused(format!("there is no key of the name {name}")))
            }
        }
    }
}

async fn write<T, F>(store: &Store, work: F) -> Result<T, CommandError>
where
    F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, WorkError<Refusal>> + Send + 'static,
    T: Send + 'static,
{
    Ok(store.write(work).await??)
}

async fn named(store: &Store, name: String) -> Result<rows::Stored, CommandError> {
    let of = name.clone();
    let found = store.read(async move |tx| rows::find_by_name(tx, &of).await).await?;
    found.ok_or_else(|| nobody(&name))
}

fn known(found: bool, name: &str) -> Result<(), CommandError> {
    if found { Ok(()) } else { Err(nobody(name)) }
}

fn nobody(name: &str) -> CommandError {
    CommandError::Refused(format!("there is no account of the name {name}"))
}

/// The first line of standard input, or a password made up here; and what is said of it.
fn password(from_stdin: bool) -> Result<(String, String), CommandError> {
    let mut line = String::new();
    if from_stdin {
        io::stdin().read_line(&mut line)?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        account::check_password("password", &password)?;
        return Ok((password, String::new()));
    }
    let password = session::new_secret()[..20].to_owned();
    let said = format!(" {password}");
    Ok((password, said))
}
