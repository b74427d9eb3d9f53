//! The outbox's storage in `IndexedDB`: drafts by the number that they get, their files beside them, and which tab has
//! which lane. Decides nothing, and does one thing after the other. Every transaction is issued as a whole before
//! anything is waited for: what waits within one is committed by some browsers before it goes on. For the transaction
//! itself is waited only after its requests: each that fails is told to it as well, and its future hears one of them.
//!
//! A lease is a row whose key begins with its topic and its end, and an index lets a topic have one row only. So a
//! tab takes a lane by removing what is over and adding its own row; where another tab has it, that fails, and the
//! whole transaction with it. Called by [`super`] alone.

use std::{cell::RefCell, rc::Rc, time::Duration};

use client_core::outbox::{Record, Reply, Request, StoreFault};
use idb::{
    Database, DatabaseEvent as _, Factory, IndexParams, KeyPath, KeyRange, ObjectStoreParams, Query,
    Transaction, TransactionMode, TransactionResult,
};
use js_sys::{Array, Object, Reflect};
use litemap::LiteMap;
use shared::{IdempotencyKey, Topic};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::browser;

const NAME: &str = "touchline.outbox";
const VERSION: u32 = 1;
const DRAFTS: &str = "drafts";
const FILES: &str = "files";
const LEASES: &str = "leases";
/// A lease that ends later than this from now was taken by another clock: it does not count. In milliseconds.
const LEASE_MAX_MS: f64 = 60_000.0;

/// The files of a draft as they lie on this machine.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) file: web_sys::Blob,
    pub(super) name: String,
    /// A picture out of a video.
    pub(super) poster: Option<web_sys::Blob>,
}

#[derive(Debug)]
pub(super) struct Storage {
    database: RefCell<Option<Rc<Database>>>,
    /// Who this tab is.
    owner: String,
    /// When the leases that it has are over, on the wall clock.
    leases: RefCell<LiteMap<Topic, f64>>,
}

type Stored<T> = Result<T, idb::Error>;

impl Storage {
    pub(super) fn new() -> Self {
        Self { database: RefCell::default(), owner: browser::random_id(), leases: RefCell::default() }
    }

    /// Does what is asked for; `files` are those of a draft that is to be taken.
    pub(super) async fn ask(&self, request: Request, files: Option<&Files>) -> Result<Reply, StoreFault> {
        let done = match self.open().await {
            Ok(database) => self.serve(&database, request, files).await,
            Err(error) => Err(error),
        };
        done.map_err(|error| fault(&error))
    }

    async fn open(&self) -> Stored<Rc<Database>> {
        if let Some(open) = self.database.borrow().clone() {
            return Ok(open);
        }
        let mut request = Factory::new()?.open(NAME, Some(VERSION))?;
        request.on_upgrade_needed(|event| {
            // What fails here fails the opening.
            if let Ok(database) = event.database() {
                create(&database).ok();
            }
        });
        let database = Rc::new(request.await?);
        self.database.replace(Some(database.clone()));
        Ok(database)
    }

    async fn serve(&self, database: &Database, request: Request, files: Option<&Files>) -> Stored<Reply> {
        match request {
            Request::Load => {
                let transaction = database.transaction(&[DRAFTS], TransactionMode::ReadOnly)?;
                let all = transaction.object_store(DRAFTS)?.get_all(None, None)?.into_future();
                Ok(Reply::Records(records(&all.await?)))
            }
            Request::Add(record) => add(database, &record, files).await,
            Request::Claim { topic, lease } => self.claim(database, &topic, lease).await,
            Request::Release { topic } => {
                let Some(until) = self.leases.borrow_mut().remove(&topic) else { return Ok(Reply::Done) };
                let transaction = database.transaction(&[LEASES], TransactionMode::ReadWrite)?;
                transaction.object_store(LEASES)?.delete(self.key(&topic, until))?;
                committed(transaction).await
            }
            Request::Write(record) => {
                let transaction = database.transaction(&[DRAFTS], TransactionMode::ReadWrite)?;
                transaction.object_store(DRAFTS)?.put(&row(&record), None)?;
                committed(transaction).await
            }
            Request::Remove { number, id } => {
                let transaction = database.transaction(&[DRAFTS, FILES], TransactionMode::ReadWrite)?;
                transaction.object_store(DRAFTS)?.delete(JsValue::from_f64(number as f64))?;
                transaction.object_store(FILES)?.delete(JsValue::from_str(id.as_str()))?;
                committed(transaction).await
            }
        }
    }

    fn key(&self, topic: &Topic, until: f64) -> JsValue {
        key(topic, &[JsValue::from_f64(until), JsValue::from_str(&self.owner)])
    }

    async fn claim(&self, database: &Database, topic: &Topic, lease: Duration) -> Stored<Reply> {
        let now = browser::wall_ms();
        let until = now + lease.as_millis() as f64;
        let name = JsValue::from_str(topic.as_str());
        let transaction = database.transaction(&[DRAFTS, LEASES], TransactionMode::ReadWrite)?;
        let leases = transaction.object_store(LEASES)?;
        let over = |from: f64, to: f64| {
            let (from, to) = (key(topic, &[from.into()]), key(topic, &[to.into()]));
            KeyRange::bound(&from, &to, None, None)
        };
        leases.delete(over(0.0, now)?)?;
        leases.delete(over(now + LEASE_MAX_MS, f64::MAX)?)?;
        if let Some(before) = self.leases.borrow().get(topic) {
            leases.delete(self.key(topic, *before))?;
        }
        let value = Object::new();
        set(&value, "topic", &name);
        let taken = leases.add(&value, Some(&self.key(topic, until)))?.into_future();
        let index = transaction.object_store(DRAFTS)?.index("topic")?;
        let of_lane = index.get_all(Some(Query::Key(name.clone())), None)?.into_future();
        if let Err(error) = taken.await {
            self.leases.borrow_mut().remove(topic);
            return match other_lease(database, &name).await? {
                Some(end) => Ok(Reply::Taken { left: Duration::from_millis((end - now).max(0.0) as u64) }),
                None => Err(error),
            };
        }
        let rows = of_lane.await?;
        check(transaction.await?)?;
        self.leases.borrow_mut().insert(topic.clone(), until);
        Ok(Reply::Records(records(&rows)))
    }

    /// The files of a draft.
    pub(super) async fn files(&self, id: &IdempotencyKey) -> Option<Files> {
        let database = self.open().await.ok()?;
        let transaction = database.transaction(&[FILES], TransactionMode::ReadOnly).ok()?;
        let get = transaction.object_store(FILES).ok()?.get(JsValue::from_str(id.as_str())).ok()?;
        let row = get.await.ok()??;
        let field = |name: &str| Reflect::get(&row, &name.into()).ok();
        Some(Files {
            file: field("file")?.dyn_into().ok()?,
            name: field("name")?.as_string()?,
            poster: field("poster").and_then(|poster| poster.dyn_into().ok()),
        })
    }
}

fn create(database: &Database) -> Stored<()> {
    let unique = || {
        let mut params = IndexParams::new();
        params.unique(true);
        params
    };
    let mut numbered = ObjectStoreParams::new();
    numbered.auto_increment(true).key_path(Some(KeyPath::new_single("number")));
    let drafts = database.create_object_store(DRAFTS, numbered)?;
    drafts.create_index("topic", KeyPath::new_single("topic"), None)?;
    drafts.create_index("id", KeyPath::new_single("id"), Some(unique()))?;
    database.create_object_store(FILES, ObjectStoreParams::new())?;
    let leases = database.create_object_store(LEASES, ObjectStoreParams::new())?;
    leases.create_index("topic", KeyPath::new_single("topic"), Some(unique()))?;
    Ok(())
}

async fn add(database: &Database, record: &Record, files: Option<&Files>) -> Stored<Reply> {
    let transaction = database.transaction(&[DRAFTS, FILES], TransactionMode::ReadWrite)?;
    let added = transaction.object_store(DRAFTS)?.add(&row(record), None)?.into_future();
    let kept = if let Some(Files { file, name, poster }) = files {
        let value = Object::new();
        set(&value, "file", file);
        set(&value, "name", &JsValue::from_str(name));
        if let Some(poster) = poster {
            set(&value, "poster", poster);
        }
        let id = JsValue::from_str(record.draft.id.as_str());
        Some(transaction.object_store(FILES)?.put(&value, Some(&id))?.into_future())
    } else {
        None
    };
    let number = added.await?;
    if let Some(kept) = kept {
        kept.await?;
    }
    check(transaction.await?)?;
    Ok(Reply::Added { number: number.as_f64().unwrap_or_default() as u64 })
}

/// When the lease that another tab has of a lane is over.
async fn other_lease(database: &Database, topic: &JsValue) -> Stored<Option<f64>> {
    let transaction = database.transaction(&[LEASES], TransactionMode::ReadOnly)?;
    let index = transaction.object_store(LEASES)?.index("topic")?;
    let found = index.get_key(Query::Key(topic.clone()))?.await?;
    Ok(found.and_then(|key| key.dyn_into::<Array>().ok()).and_then(|key| key.get(1).as_f64()))
}

fn key(topic: &Topic, rest: &[JsValue]) -> JsValue {
    let key = Array::of1(&JsValue::from_str(topic.as_str()));
    for part in rest {
        key.push(part);
    }
    key.into()
}

fn row(record: &Record) -> JsValue {
    let row = Object::new();
    if let Some(number) = record.number {
        set(&row, "number", &JsValue::from_f64(number as f64));
    }
    set(&row, "id", &JsValue::from_str(record.draft.id.as_str()));
    set(&row, "topic", &JsValue::from_str(record.draft.topic.as_str()));
    let text = serde_json::to_string(record).unwrap_or_default();
    set(&row, "record", &JsValue::from_str(&text));
    row.into()
}

/// What a later build wrote and this one cannot read stays where it is.
fn records(rows: &[JsValue]) -> Vec<Record> {
    let record = |row: &JsValue| {
        let text = Reflect::get(row, &"record".into()).ok()?.as_string()?;
        let number = Reflect::get(row, &"number".into()).ok()?.as_f64()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        Some(Record { number: Some(number as u64), ..record })
    };
    rows.iter().filter_map(record).collect()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Setting a property of a plain object cannot fail.
    Reflect::set(object, &name.into(), value).ok();
}

async fn committed(transaction: Transaction) -> Stored<Reply> {
    check(transaction.await?)?;
    Ok(Reply::Done)
}

/// A transaction whose requests went well and that was not committed found no room.
fn check(result: TransactionResult) -> Stored<()> {
    match result {
        TransactionResult::Committed => Ok(()),
        TransactionResult::Aborted => Err(idb::Error::AddFailed(JsValue::from_str(QUOTA))),
    }
}

const QUOTA: &str = "QuotaExceededError";

fn fault(error: &idb::Error) -> StoreFault {
    let full = match error {
        idb::Error::DomException(exception) => exception.name() == QUOTA,
        idb::Error::AddFailed(value) | idb::Error::UpdateFailed(value) => {
            value.as_string().as_deref() == Some(QUOTA)
                || value.dyn_ref::<web_sys::DomException>().is_some_and(|thrown| thrown.name() == QUOTA)
        }
        _ => false,
    };
    if full { StoreFault::Full } else { StoreFault::Closed }
}
