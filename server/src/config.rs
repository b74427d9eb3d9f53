//! Configuration: read once, from flags and the environment, into types. Nothing downstream sees a string
//! that means something else.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use shared::{
    TopicKind,
    model::account::{AccountRole, Registration},
};

use crate::{
    hub::{HubOptions, signal::SLOTS},
    store::{StoreOptions, log::Retention},
    transport::session::SessionLimits,
};

/// A live event timeline, served by yourself.
#[derive(Debug, Parser)]
#[command(name = "touchline", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub config: Config,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Runs the server (the default).
    Serve,
    #[command(flatten)]
    Store(StoreCommand),
}

/// What is done on the data directory without serving it.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum StoreCommand {
    /// Accounts: made and changed. A server that runs follows at once, for open connections at their next
    /// heartbeat.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys with which other servers may do what an administrator may.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Mints a token for an account, for trying things out.
    Token {
        /// The account.
        name: String,
        /// How long it is good for: 90s, 15m, 1h, 30d.
        #[arg(long, default_value = "1h")]
        ttl: Ttl,
    },
    /// Makes a code with which one account may be registered (`--registration invitation`).
    Invite {
        /// How long it is good for, in days.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
        days: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Makes an account. Without --password-stdin a password is made up and printed behind the name.
    Add {
        /// 2 to 30 of a-z, 0-9, _ and -; the account signs in with it.
        name: String,
        /// The name shown; the name itself, unless given.
        #[arg(long, default_value = "")]
        display_name: String,
        /// May read and change everything.
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Gives an account another password and signs it out everywhere.
    Passwd {
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes an account an administrator, or a user again.
    Role { name: String, role: AccountRole },
    /// Closes an account: nobody signs in with it, and its connections end.
    Disable { name: String },
    /// Opens a closed account again.
    Enable { name: String },
    /// All accounts, with their roles.
    List,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Makes a key and prints it, this once.
    Add { name: String },
    /// The names of all keys.
    List,
    /// Removes a key; its connections end.
    Remove { name: String },
}

/// How long something is good for, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl(pub i64);

impl std::str::FromStr for Ttl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a number with s, m, h or d behind it, like 1h, up to 365d".to_owned();
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return Err(wrong()),
        };
        let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        let ttl = number.checked_mul(seconds).ok_or_else(wrong)?;
        if (1..=365 * 24 * 3600).contains(&ttl) { Ok(Self(ttl)) } else { Err(wrong()) }
    }
}

/// Everything that an operator can set.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct Config {
    /// Address to listen on.
    #[arg(long, env = "TOUCHLINE_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// Directory of the database and the uploads.
    #[arg(long, env = "TOUCHLINE_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,
    /// Serve the client's files from this directory instead of the embedded ones.
    #[arg(long, env = "TOUCHLINE_ASSETS_DIR", global = true)]
    pub assets_dir: Option<PathBuf>,
    #[command(flatten)]
    pub windows: Windows,
    #[command(flatten)]
    pub connections: Connections,
    #[command(flatten)]
    pub accounts: Accounts,
    #[command(flatten)]
    pub tokens: Tokens,
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub uploads: Uploads,
    #[command(flatten)]
    pub stories: Stories,
    #[command(flatten)]
    pub webhooks: Webhooks,
    /// Origins whose pages may use this server from elsewhere (CORS, WebSocket). Repeatable.
    #[arg(long = "allowed-origin", env = "TOUCHLINE_ALLOWED_ORIGINS", value_delimiter = ',', global = true)]
    pub allowed_origins: Vec<String>,
    /// Origins whose pages may show this server's pages in a frame, or `self`. Repeatable; none by default.
    #[arg(long = "frame-ancestor", env = "TOUCHLINE_FRAME_ANCESTORS", value_delimiter = ',', value_parser = crate::assets::policy::ancestor, global = true)]
    pub frame_ancestors: Vec<String>,
    /// Over how many milliseconds the reconnects are spread when the server shuts down.
    #[arg(long, env = "TOUCHLINE_DRAIN_SPAN_MS", default_value_t = 5000, global = true)]
    pub drain_span_ms: u64,
    /// Log as JSON lines.
    #[arg(long, env = "TOUCHLINE_LOG_JSON", global = true)]
    pub log_json: bool,
}

/// Windows (E12): the first change goes out at once, what follows within the window goes out together.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Windows")]
pub struct Windows {
    /// Window of an event's timeline, in milliseconds; 0 sends everything at once.
    #[arg(long, env = "TOUCHLINE_WINDOW_EVENT_MS", default_value_t = 1000, global = true)]
    pub window_event_ms: u64,
    /// Window of the list of events and of the stories, in milliseconds; 0 sends everything at once.
    #[arg(long, env = "TOUCHLINE_WINDOW_EVENTS_MS", default_value_t = 1000, global = true)]
    pub window_events_ms: u64,
    /// Recent publications kept in memory per topic, in bytes.
    #[arg(long, env = "TOUCHLINE_TAIL_BYTES", default_value_t = 8 * 1024 * 1024, global = true)]
    pub tail_bytes: usize,
}

/// Limits of connections.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub struct Connections {
    /// A client that has sent nothing for this long sends a heartbeat, in milliseconds.
    #[arg(long, env = "TOUCHLINE_HEARTBEAT_INTERVAL_MS", default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(10..), global = true)]
    pub heartbeat_interval_ms: u64,
    /// A connection that nothing was heard from for this long is closed, in milliseconds.
    #[arg(long, env = "TOUCHLINE_HEARTBEAT_TIMEOUT_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(10..), global = true)]
    pub heartbeat_timeout_ms: u64,
    /// Who has lost the last connection goes on being present for this long, in milliseconds.
    #[arg(long, env = "TOUCHLINE_PRESENCE_GRACE_MS", default_value_t = 15_000, global = true)]
    pub presence_grace_ms: u64,
    /// Connections, streams and polls at a time from one address.
    #[arg(long, env = "TOUCHLINE_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 256, global = true)]
    pub max_connections_per_address: usize,
    /// Connections, streams and polls at a time of one account; past it the newest replaces the oldest.
    #[arg(long, env = "TOUCHLINE_MAX_CONNECTIONS_PER_USER", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub max_connections_per_user: u32,
    /// Open HTTP connections at a time from one address; one that has become a WebSocket is counted as such
    /// instead. Trusted proxies may have any number.
    #[arg(long, env = "TOUCHLINE_MAX_HTTP_CONNECTIONS_PER_ADDRESS", default_value_t = 1024, global = true)]
    pub max_http_connections_per_address: usize,
    /// Subscriptions on one connection, 64 at most.
    #[arg(long, env = "TOUCHLINE_MAX_SUBSCRIPTIONS_PER_CONNECTION", default_value_t = SLOTS, global = true)]
    pub max_subscriptions_per_connection: usize,
    /// Frames a second that one connection may send; all of an account together four times as many.
    #[arg(long, env = "TOUCHLINE_FRAMES_PER_SECOND", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub frames_per_second: u32,
    /// Changes a second from one address and by one account (posts, edits, deletions); ten times as many in one go.
    #[arg(long, env = "TOUCHLINE_PUBLISH_PER_SECOND", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub publish_per_second: u32,
    /// Proxies whose X-Forwarded-For is believed: addresses or networks. Repeatable.
    #[arg(long = "trusted-proxy", env = "TOUCHLINE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true)]
    pub trusted_proxies: Vec<IpNet>,
    /// How long a client may take to send a request's head, in milliseconds.
    #[arg(long, env = "TOUCHLINE_HEADER_TIMEOUT_MS", default_value_t = 10_000, global = true)]
    pub header_timeout_ms: u64,
    /// How long a client may be silent in the middle of a request's body, in milliseconds.
    #[arg(long, env = "TOUCHLINE_BODY_TIMEOUT_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..), global = true)]
    pub body_timeout_ms: u64,
}

/// Accounts and what visitors may do.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Accounts")]
pub struct Accounts {
    /// Who may make an account: open (everybody), invitation (who has a code of `touchline invite`), or closed.
    #[arg(long, env = "TOUCHLINE_REGISTRATION", default_value = "open", value_parser = registration, global = true)]
    pub registration: Registration,
    /// Visitors who are not signed in may create events, and post on and change events that nobody owns.
    #[arg(long, env = "TOUCHLINE_VISITORS_MAY_POST", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set, global = true)]
    pub visitors_may_post: bool,
    /// A sign-in that was not used for this long is over, in days.
    #[arg(long, env = "TOUCHLINE_SESSION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650), global = true)]
    pub session_days: u32,
    /// Sign-ins that may be tried in a minute from one address, and with one name.
    #[arg(long, env = "TOUCHLINE_SIGN_INS_PER_MINUTE", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub sign_ins_per_minute: u32,
    /// Passwords that are worked on at a time; each takes 19 MiB and a processor.
    #[arg(long, env = "TOUCHLINE_PASSWORDS_AT_ONCE", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub passwords_at_once: u32,
}

/// Tokens that say who somebody is (JWT).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tokens")]
pub struct Tokens {
    /// File with the secret for HS256, 32 bytes or more. Without one a secret is made in the data directory.
    #[arg(long, env = "TOUCHLINE_JWT_SECRET_FILE", global = true)]
    pub jwt_secret_file: Option<PathBuf>,
    /// The secret itself; for the environment, since every user of the machine sees a command line.
    #[arg(
        long,
        env = "TOUCHLINE_JWT_SECRET",
        hide = true,
        hide_env_values = true,
        conflicts_with = "jwt_secret_file",
        global = true
    )]
    pub jwt_secret: Option<Secret>,
    /// File with a public key in PEM whose tokens are taken: RSA (RS256), P-256 (ES256) or Ed25519.
    /// Repeatable.
    #[arg(long = "jwt-public-key", env = "TOUCHLINE_JWT_PUBLIC_KEYS", value_delimiter = ',', global = true)]
    pub jwt_public_keys: Vec<PathBuf>,
    /// Address of an issuer's public keys (JWKS). https, or http on this machine.
    #[arg(long, env = "TOUCHLINE_JWT_JWKS_URL", value_parser = jwks_url, global = true)]
    pub jwt_jwks_url: Option<reqwest::Url>,
    /// The keys at that address are fetched anew for an unknown one at most this often, in seconds.
    #[arg(long, env = "TOUCHLINE_JWT_JWKS_AT_MOST_EVERY_S", default_value_t = 30, global = true)]
    pub jwt_jwks_at_most_every_s: u64,
    /// Issuers (`iss`) whose tokens are taken with those public keys; any, if none is named. Repeatable.
    #[arg(long = "jwt-issuer", env = "TOUCHLINE_JWT_ISSUERS", value_delimiter = ',', global = true)]
    pub jwt_issuers: Vec<String>,
    /// Audiences (`aud`) of which a token has to name one; any, if none is named. Repeatable.
    #[arg(long = "jwt-audience", env = "TOUCHLINE_JWT_AUDIENCES", value_delimiter = ',', global = true)]
    pub jwt_audiences: Vec<String>,
    /// The claim by which an issuer's token names an account.
    #[arg(long, env = "TOUCHLINE_JWT_SUBJECT_CLAIM", default_value = "sub", global = true)]
    pub jwt_subject_claim: String,
    /// Make an account for who comes with a good token and has none.
    #[arg(long, env = "TOUCHLINE_JWT_CREATE_ACCOUNTS", global = true)]
    pub jwt_create_accounts: bool,
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Whoever can change what comes from there can be anybody here, so it comes over TLS.
fn jwks_url(text: &str) -> Result<reqwest::Url, String> {
    let url: reqwest::Url = text.parse().map_err(|_| "an address".to_owned())?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err("an https address (http for this machine alone)".to_owned()),
    }
}

fn registration(text: &str) -> Result<Registration, String> {
    match text {
        "open" => Ok(Registration::Open),
        "invitation" => Ok(Registration::Invitation),
        "closed" => Ok(Registration::Closed),
        _ => Err("one of open, invitation, closed".to_owned()),
    }
}

/// The database.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Storage")]
pub struct Storage {
    /// Largest size of the database in bytes; 0 for no limit but the disk's.
    #[arg(long, env = "TOUCHLINE_DATABASE_MAX_BYTES", default_value_t = 0, global = true)]
    pub database_max_bytes: u64,
    /// Newest publications kept of each event's log; 0 keeps all.
    #[arg(long, env = "TOUCHLINE_RETAIN_EVENT_COUNT", default_value_t = 0, global = true)]
    pub retain_event_count: u64,
    /// Publications of an event's log older than this are removed, in seconds; 0 keeps all.
    #[arg(long, env = "TOUCHLINE_RETAIN_EVENT_AGE_S", default_value_t = 0, global = true)]
    pub retain_event_age_s: u64,
    /// How often retention is applied, in seconds.
    #[arg(long, env = "TOUCHLINE_RETAIN_EVERY_S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..), global = true)]
    pub retain_every_s: u64,
    /// How long idempotency keys are kept, in days: as long as a phone may keep what it has not sent yet. What comes
    /// later is stored again.
    #[arg(long, env = "TOUCHLINE_KEEP_KEYS_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub keep_keys_days: u32,
}

/// Uploads.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Uploads")]
pub struct Uploads {
    /// Largest file, in bytes.
    #[arg(long, env = "TOUCHLINE_UPLOAD_MAX_BYTES", default_value_t = 100 * 1024 * 1024, global = true)]
    pub upload_max_bytes: u64,
    /// Most pixels of a picture.
    #[arg(long, env = "TOUCHLINE_UPLOAD_MAX_PIXELS", default_value_t = 50_000_000, global = true)]
    pub upload_max_pixels: u64,
}

/// Stories.
#[derive(Debug, Clone, Copy, Args)]
pub struct Stories {
    /// A story is over after this long, in seconds.
    #[arg(long, env = "TOUCHLINE_STORY_TTL_S", default_value_t = 24 * 3600, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub story_ttl_s: u32,
}

impl Stories {
    /// How long a story is shown, in milliseconds.
    pub fn ttl_ms(self) -> i64 {
        i64::from(self.story_ttl_s) * 1000
    }
}

/// Deliveries of posts to webhooks.
#[derive(Debug, Clone, Copy, Args)]
pub struct Webhooks {
    /// Send to addresses that are not public ones (loopback, private, link-local): for tests and closed networks.
    #[arg(long, env = "TOUCHLINE_WEBHOOK_ALLOW_PRIVATE", global = true)]
    pub webhook_allow_private: bool,
    /// Tries at one destination before a post fails there.
    #[arg(long, env = "TOUCHLINE_WEBHOOK_ATTEMPTS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100), global = true)]
    pub webhook_attempts: u32,
    /// Between the first try and the second, in milliseconds; twice as long each time after, an hour at most.
    #[arg(long, env = "TOUCHLINE_WEBHOOK_RETRY_MS", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..), global = true)]
    pub webhook_retry_ms: u64,
    /// How long a receiver may take to answer, in milliseconds.
    #[arg(long, env = "TOUCHLINE_WEBHOOK_TIMEOUT_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..), global = true)]
    pub webhook_timeout_ms: u64,
    /// Deliveries at a time.
    #[arg(long, env = "TOUCHLINE_WEBHOOKS_AT_ONCE", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub webhooks_at_once: u32,
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "an address or a network, like 10.0.0.0/8".to_owned())
}

impl Config {
    pub fn hub(&self) -> HubOptions {
        let window_ms = TopicKind::ALL.map(|kind| match kind {
            TopicKind::Events | TopicKind::Stories | TopicKind::VenueUpdates => {
                (kind, self.windows.window_events_ms)
            }
            TopicKind::Event => (kind, self.windows.window_event_ms),
            // A few readers, and what is written there wants to be seen; and a goal waits for nothing.
            TopicKind::User
            | TopicKind::Online
            | TopicKind::Post
            | TopicKind::Match
            | TopicKind::Team
            | TopicKind::Tournament
            | TopicKind::Venue
            | TopicKind::VibeChecks
            | TopicKind::Promotions => (kind, 0),
        });
        let (tail_bytes, grace_ms) = (self.windows.tail_bytes, self.connections.presence_grace_ms);
        HubOptions { window_ms, tail_bytes, grace_ms, ..HubOptions::default() }
    }

    pub fn session(&self) -> SessionLimits {
        SessionLimits {
            subscriptions: self.connections.max_subscriptions_per_connection.min(SLOTS),
            frames_per_second: self.connections.frames_per_second,
            heartbeat_interval_ms: self.connections.heartbeat_interval_ms,
        }
    }

    pub fn store(&self) -> StoreOptions {
        StoreOptions {
            path: Some(self.data_dir.join("touchline.db")),
            max_bytes: self.storage.database_max_bytes,
            readers: 2,
        }
    }

    /// What is kept of each kind's logs.
    pub fn retention(&self, kind: TopicKind) -> Retention {
        let some = |value: u64| (value > 0).then_some(value);
        match kind {
            TopicKind::Event => Retention {
                count: some(self.storage.retain_event_count),
                age_s: some(self.storage.retain_event_age_s),
            },
            TopicKind::Events
            | TopicKind::Online
            | TopicKind::Match
            | TopicKind::Team
            | TopicKind::Tournament => Retention::default(),
            TopicKind::Stories
            | TopicKind::VenueUpdates
            | TopicKind::Venue
            | TopicKind::VibeChecks
            | TopicKind::Promotions => Retention { count: Some(10_000), age_s: None },
            TopicKind::User | TopicKind::Post => Retention { count: Some(1000), age_s: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["touchline", "--trusted-proxy", "10.0.0.1", "--trusted-proxy", "::1/128"]);
        assert_eq!(cli.config.connections.trusted_proxies.len(), 2);
        assert_eq!(cli.config.hub().window_ms(TopicKind::Event), 1000);
        assert!(Cli::try_parse_from(["touchline", "--trusted-proxy", "everybody"]).is_err());
    }

    #[test]
    fn s5_keys_come_over_tls_or_from_this_machine() {
        for (url, taken) in [
            ("https://id.example/jwks", true),
            ("http://127.0.0.1:9000/jwks", true),
            ("http://id.example/jwks", false),
            ("http://127.0.0.1.evil.example/jwks", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(jwks_url(url).is_ok(), taken, "{url}");
        }
    }

    #[test]
    fn s5_a_token_is_good_for_a_time() {
        for (text, seconds) in [("90s", Some(90)), ("1h", Some(3600)), ("365d", Some(365 * 24 * 3600))] {
            assert_eq!(text.parse::<Ttl>().ok().map(|ttl| ttl.0), seconds, "{text}");
        }
        for wrong in ["", "h", "1", "0s", "-1h", "366d", "1ä", "99999999999999999d"] {
            assert!(wrong.parse::<Ttl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn s5_a_secret_is_not_printed() {
        let cli = Cli::parse_from(["touchline", "--jwt-secret", "hush hush hush hush hush hush hush"]);
        assert!(!format!("{cli:?}").contains("hush"));
    }
}
