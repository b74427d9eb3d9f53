//! The listener: accepts connections, serves HTTP on them, and ends them in good order.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{
    body::Incoming,
    server::conn::http1::{self, UpgradeableConnection},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use shared::{
    AccountId, CloseCode, ConnectionId, ErrorCode, SessionId,
    model::control::{ConnectionInfo, Connections, TransportKind},
};
use slab::Slab;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{
    app::{self, App},
    auth::{
        Credential, Principal,
        address::{ClientAddress, PeerAddress, client_address},
    },
    hub::signal::Signal,
    time::timestamp,
};

mod door;
use door::{Admission, Door, TOLD_WITHIN};

/// Bytes that hyper may hold of a request's head.
const HEAD_BYTES: usize = 32 * 1024;
/// How long requests in flight may take once the server is to end, beyond the span of the reconnects.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Serves until `stop` is cancelled, then drains: everybody is told when to come back, requests in flight
/// are finished. Until they are, who comes is answered as well, so that a balancer that has not noticed
/// yet loses no request and one that asks for readiness is told.
pub async fn run(app: App, listener: TcpListener, stop: CancellationToken) {
    let mut front = Front::new(app.clone());
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = stop.cancelled() => break,
        };
        front.take(stream, peer, &stop, &connections);
    }
    app.begin_drain();
    connections.close();
    // Those who come now get one answer each; nobody waits for more of them to come.
    let late = TaskTracker::new();
    front.http.keep_alive(false);
    let never = CancellationToken::new();
    let last = async {
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = connections.wait() => break,
                accepted = accept(&listener) => accepted,
            };
            front.take(stream, peer, &never, &late);
        }
        drop(listener);
        late.close();
        late.wait().await;
    };
    let limit = LAST_REQUESTS + Duration::from_millis(app.config.drain_span_ms.min(1000));
    if tokio::time::timeout(limit, last).await.is_err() {
        tracing::warn!("requests were still in flight at the end");
    }
}

/// What a connection meets.
struct Front {
    app: App,
    router: Router,
    door: Door,
    http: http1::Builder,
    /// For connections that are too many.
    telling: http1::Builder,
}

impl Front {
    fn new(app: App) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(app.config.connections.header_timeout_ms))
            .max_buf_size(HEAD_BYTES)
            .half_close(false);
        let mut telling = http.clone();
        telling.keep_alive(false).header_read_timeout(TOLD_WITHIN);
        Self { router: app::router(app.clone()), door: Door::new(app.clone()), app, http, telling }
    }

    /// Serves a connection on a task of its own, if its address may have another.
    fn take(&self, stream: TcpStream, peer: SocketAddr, stop: &CancellationToken, tasks: &TaskTracker) {
        let admission = self.door.admit(peer.ip());
        if !matches!(admission, Admission::Served(_)) {
            let code = ErrorCode::TooManyConnections.as_str();
            metrics::counter!("touchline_connections_refused_total", "code" => code).increment(1);
        }
        match admission {
            Admission::Served(counted) => {
                let service = service(self.app.clone(), self.router.clone(), PeerAddress(peer));
                let connection = self.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
                tasks.spawn(serve(connection, stop.clone(), counted));
            }
            Admission::Told(counted) => {
                let service = service_fn(door::refusal);
                let connection = self.telling.serve_connection(TokioIo::new(stream), service).with_upgrades();
                tasks.spawn(serve(connection, stop.clone(), Some(counted)));
            }
            Admission::Closed => tracing::debug!(%peer, "an address has far too many connections"),
        }
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY refused");
                }
                return (stream, peer);
            }
            Err(error) => {
                // Out of file descriptors, or the client is gone already; a moment later it may work.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Serves one connection, which counts for as long. Told to stop it finishes the request it is in and takes
/// no other.
async fn serve<S>(
    connection: UpgradeableConnection<TokioIo<TcpStream>, S>,
    stop: CancellationToken,
    _counted: Option<AddressGuard>,
) where
    S: hyper::service::Service<
            hyper::Request<Incoming>,
            Response = hyper::Response<Body>,
            Error = std::convert::Infallible,
        > + Send
        + 'static,
    S::Future: Send,
{
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        // In this order: a request that has arrived and was not looked at yet is not cut off.
        biased;
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn service(
    app: App,
    router: Router,
    peer: PeerAddress,
) -> impl hyper::service::Service<
    hyper::Request<Incoming>,
    Response = hyper::Response<Body>,
    Error = std::convert::Infallible,
    Future = impl Future<Output = Result<hyper::Response<Body>, std::convert::Infallible>> + Send,
> + Send {
    service_fn(move |mut request: hyper::Request<Incoming>| {
        let trusted = &app.config.connections.trusted_proxies;
        let client = client_address(peer.0.ip(), request.headers(), trusted);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(ClientAddress(client));
        router.clone().oneshot(request.map(Body::new))
    })
}

/// The TCP connection beneath an upgraded one, and what was read of it already.
pub fn into_tcp(upgraded: hyper::upgrade::Upgraded) -> Option<(TcpStream, bytes::Bytes)> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

/// Connections per address (E11).
#[derive(Debug, Clone)]
pub struct AddressLimit {
    max: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl AddressLimit {
    pub fn new(max: usize) -> Self {
        Self { max, open: Arc::default() }
    }

    /// Counts a connection in until the guard is dropped; `None` if the address has too many.
    pub fn enter(&self, address: IpAddr) -> Option<AddressGuard> {
        let mut open = self.open.lock();
        let count = open.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(AddressGuard { limit: self.clone(), address })
    }

    /// Connections counted at present.
    pub fn total(&self) -> usize {
        self.open.lock().values().sum()
    }
}

/// A connection that counts against its address.
#[derive(Debug)]
pub struct AddressGuard {
    limit: AddressLimit,
    address: IpAddr,
}

impl Drop for AddressGuard {
    fn drop(&mut self) {
        let mut open = self.limit.open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// Every session there is, so that all, or those of one account, can be told to end.
#[derive(Debug, Clone)]
pub struct Sessions {
    inner: Arc<Mutex<SessionTable>>,
    max_per_account: usize,
}

#[derive(Debug, Default)]
struct SessionTable {
    entries: Slab<SessionEntry>,
    /// Where each account's entries are, oldest first, without those that a newer one has replaced.
    by_account: HashMap<AccountId, VecDeque<usize>>,
    ending: bool,
}

#[derive(Debug)]
struct SessionEntry {
    signal: Arc<Signal>,
    /// Of whoever is signed in.
    holder: Option<Box<Holder>>,
    about: About,
}

/// What an operator is told of a session.
#[derive(Debug, Clone)]
pub struct About {
    pub connection: ConnectionId,
    pub transport: TransportKind,
    pub address: IpAddr,
    /// Unix, in milliseconds.
    pub since: i64,
}

impl SessionEntry {
    fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            id: self.about.connection.clone(),
            transport: self.about.transport,
            address: self.about.address.to_string(),
            since: timestamp(self.about.since),
            account_id: self.holder.as_ref().map(|holder| holder.account.clone()),
        }
    }
}

#[derive(Debug)]
struct Holder {
    account: AccountId,
    session: Option<SessionId>,
}

impl Holder {
    fn of(principal: &Principal) -> Option<Box<Self>> {
        principal.user().map(|user| {
            let session = match &user.by {
                Credential::Session(id) => Some(id.clone()),
                Credential::Token { .. } | Credential::Schedule => None,
            };
            Box::new(Self { account: user.person.id.clone(), session })
        })
    }
}

impl SessionTable {
    /// Counts an entry in as one of the account's; past `max` the oldest is told to go (S4).
    fn hold(&mut self, key: usize, account: &AccountId, max: usize) {
        let held = self.by_account.entry(account.clone()).or_default();
        held.push_back(key);
        while held.len() > max {
            let Some(oldest) = held.pop_front() else { break };
            if let Some(entry) = self.entries.get(oldest) {
                entry.signal.end(CloseCode::Replaced);
            }
        }
    }

    fn let_go(&mut self, key: usize, account: &AccountId) {
        if let Some(held) = self.by_account.get_mut(account) {
            held.retain(|held| *held != key);
            if held.is_empty() {
                self.by_account.remove(account);
            }
        }
    }
}

impl Sessions {
    /// `max_per_account`: connections of one account, past which the newest replaces the oldest.
    pub fn new(max_per_account: usize) -> Self {
        Self { inner: Arc::default(), max_per_account }
    }

    /// Registers a session until the guard is dropped. One that comes while all end is told at once.
    pub fn enter(&self, signal: &Arc<Signal>, principal: &Principal, about: About) -> SessionGuard {
        let mut table = self.inner.lock();
        if table.ending {
            signal.end(CloseCode::Draining);
        }
        let key = table.entries.insert(SessionEntry { signal: signal.clone(), holder: None, about });
        drop(table);
        let guard = SessionGuard { key, sessions: self.clone() };
        guard.hold(principal);
        guard
    }

    /// Tells every session that the server ends.
    pub fn end_all(&self) {
        let mut table = self.inner.lock();
        table.ending = true;
        for (_, entry) in &table.entries {
            entry.signal.end(CloseCode::Draining);
        }
    }

    /// Ends the connections that were opened with a sign-in that is over.
    pub fn end_session(&self, session: &SessionId) {
        self.end_where(CloseCode::Unauthenticated, |holder| holder.session.as_ref() == Some(session));
    }

    /// Ends an account's connections, but for those opened with the sign-in `kept`.
    pub fn end_account(&self, account: &AccountId, kept: Option<&SessionId>) {
        self.end_where(CloseCode::Unauthenticated, |holder| {
            holder.account == *account && (kept.is_none() || holder.session.as_ref() != kept)
        });
    }

    /// Ends the connections of an account that does not heed its limits.
    pub fn end_abuser(&self, account: &AccountId) {
        self.end_where(CloseCode::RateLimited, |holder| holder.account == *account);
    }

    fn end_where(&self, code: CloseCode, is_over: impl Fn(&Holder) -> bool) {
        let table = self.inner.lock();
        for (_, entry) in &table.entries {
            if entry.holder.as_deref().is_some_and(&is_over) {
                entry.signal.end(code);
            }
        }
    }

    pub fn count(&self) -> usize {
        self.inner.lock().entries.len()
    }

    /// How many there are by each transport, and of how many accounts.
    pub fn by_transport(&self) -> Connections {
        let table = self.inner.lock();
        let accounts = table.by_account.len() as u64;
        table.entries.iter().fold(
            Connections { accounts, ..Connections::default() },
            |mut count, (_, entry)| {
                match entry.about.transport {
                    TransportKind::Websocket => count.websocket += 1,
                    TransportKind::Sse => count.sse += 1,
                    TransportKind::Poll => count.poll += 1,
                }
                count
            },
        )
    }

    /// Some of them, the latest first.
    pub fn list(&self, limit: usize) -> Vec<ConnectionInfo> {
        let table = self.inner.lock();
        let mut entries: Vec<_> = table.entries.iter().map(|(_, entry)| entry).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.about.since));
        entries.into_iter().take(limit).map(SessionEntry::info).collect()
    }

    /// One of them, and how it is told to end.
    pub fn find(&self, id: &ConnectionId) -> Option<(ConnectionInfo, Arc<Signal>)> {
        let table = self.inner.lock();
        let (_, entry) = table.entries.iter().find(|(_, entry)| entry.about.connection == *id)?;
        Some((entry.info(), entry.signal.clone()))
    }
}

/// A registered session.
#[derive(Debug)]
pub struct SessionGuard {
    key: usize,
    sessions: Sessions,
}

impl SessionGuard {
    /// Notes whose session it is: at the beginning, and when a token has said so later.
    pub fn hold(&self, principal: &Principal) {
        let Some(holder) = Holder::of(principal) else { return };
        let mut table = self.sessions.inner.lock();
        let account = holder.account.clone();
        let Some(entry) = table.entries.get_mut(self.key) else { return };
        let before = entry.holder.replace(holder);
        if before.is_some_and(|before| before.account == account) {
            return;
        }
        table.hold(self.key, &account, self.sessions.max_per_account);
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        let mut table = self.sessions.inner.lock();
        if let Some(holder) = table.entries.remove(self.key).holder {
            table.let_go(self.key, &holder.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e11_connections_of_an_address_are_limited_and_counted_back_to_nothing() {
        let limit = AddressLimit::new(2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let (a, b) = (limit.enter(one).unwrap(), limit.enter(one).unwrap());
        assert!(limit.enter(one).is_none());
        assert!(limit.enter("192.0.2.2".parse().unwrap()).is_some());
        drop(a);
        assert!(limit.enter(one).is_some());
        drop(b);
        assert_eq!(limit.total(), 0);
        assert!(limit.open.lock().is_empty(), "nothing is kept of addresses that are gone");
    }

    #[test]
    fn p10_a_session_that_comes_while_all_end_is_told_as_well() {
        let sessions = Sessions::new(16);
        let signals = [Arc::new(Signal::default()), Arc::new(Signal::default())];
        let visitor = Principal::Visitor { address: [192, 0, 2, 1].into(), may_post: false };
        let _early = sessions.enter(&signals[0], &visitor, about());
        sessions.end_all();
        let _late = sessions.enter(&signals[1], &visitor, about());
        assert!(signals.iter().all(|signal| signal.is_ending()));
    }

    fn about() -> About {
        let transport = TransportKind::Websocket;
        About { connection: "c1".parse().unwrap(), transport, address: [192, 0, 2, 1].into(), since: 0 }
    }

    fn somebody(account: &str) -> Principal {
        Principal::User(Box::new(crate::auth::User {
            person: shared::model::account::Person {
                id: account.parse().unwrap(),
                name: account.to_owned(),
                display_name: account.to_owned(),
            },
            role: shared::model::account::AccountRole::User,
            invisible: false,
            address: [192, 0, 2, 1].into(),
            may_post: false,
            by: Credential::Token { expires_at: i64::MAX },
        }))
    }

    #[test]
    fn s4_the_newest_connection_of_an_account_replaces_the_oldest() {
        let sessions = Sessions::new(2);
        let signals: Vec<Arc<Signal>> = (0..4).map(|_| Arc::default()).collect();
        let endings = || signals.iter().map(|signal| signal.ending()).collect::<Vec<_>>();
        let mut guards = vec![sessions.enter(&signals[0], &somebody("ada"), about())];
        guards.push(sessions.enter(&signals[1], &somebody("bob"), about()));
        guards.push(sessions.enter(&signals[2], &somebody("ada"), about()));
        assert_eq!(endings(), [None; 4]);
        guards[2].hold(&somebody("ada"));
        assert_eq!(endings(), [None; 4], "who shows a later token is not another connection");
        guards.push(sessions.enter(&signals[3], &somebody("ada"), about()));
        assert_eq!(endings(), [Some(CloseCode::Replaced), None, None, None]);
        drop(guards);
        assert!(sessions.inner.lock().by_account.is_empty(), "nothing is kept of who has gone");
        assert_eq!(sessions.count(), 0);
    }
}
