//! The application: its state, and the one table of its addresses.

use std::{
    io,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{any, delete, get, patch, post, put},
};
use governor::{
    DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use shared::{AccountId, ErrorCode, Topic, limits};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate as _},
    },
    cors::{AllowOrigin, CorsLayer},
    timeout::RequestBodyTimeoutLayer,
};

use crate::{
    api,
    assets::{self, Assets},
    auth::{
        Principal,
        abuse::Abuse,
        guesses::Guesses,
        origin,
        passwords::Passwords,
        permission::{self, Action},
        token::{SetupError, Tokens},
    },
    bus,
    config::Config,
    domain::Refusal,
    error::ApiError,
    hub::Hub,
    listener::{AddressLimit, Sessions},
    media::{MediaFiles, MediaLimits},
    metrics::Metrics,
    monitor::Monitor,
    scheduler::{Options, Scheduler},
    store::{OpenError, Store, StoreError, Tx, WorkError},
    time::{Clock, unix_ms},
    transport::{poll, sse, upgrade},
    webhook::Webhooks,
};

/// An account's connections together may send as many frames as this many of them.
const CONNECTIONS_OF_FRAMES: u32 = 4;

/// What every handler can reach.
#[derive(Debug)]
pub struct AppState {
    pub config: Config,
    pub store: Store,
    pub hub: Arc<Hub>,
    pub media: MediaFiles,
    pub assets: Assets,
    pub clock: Clock,
    pub metrics: Metrics,
    pub connections: AddressLimit,
    pub publishing: DefaultKeyedRateLimiter<IpAddr>,
    pub publishing_by_account: DefaultKeyedRateLimiter<AccountId>,
    /// Frames that an account's connections send together.
    pub frames_by_account: DefaultKeyedRateLimiter<AccountId>,
    pub passwords: Passwords,
    pub guesses: Guesses,
    pub tokens: Tokens,
    pub abuse: Abuse,
    pub sessions: Sessions,
    pub scheduler: Arc<Scheduler>,
    /// The last minutes, for the operator.
    pub monitor: Monitor,
    /// When it began to serve (Unix, in milliseconds).
    pub started_at: i64,
    /// Rung when a promotion may begin or end earlier than was known.
    pub turns: Notify,
    /// Connections and background work; the process ends when they have.
    pub tasks: TaskTracker,
    draining: AtomicBool,
}

/// Shared by all handlers.
pub type App = Arc<AppState>;

/// Why the application did not start: said to the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data directory {path} cannot be used: {source}")]
    DataDir { path: String, source: io::Error },
    #[error("another server is using the data directory {0}")]
    InUse(String),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the directory of uploads cannot be used: {0}")]
    Media(io::Error),
    #[error("the metrics cannot be set up: {0}")]
    Metrics(String),
    #[error(transparent)]
    Tokens(#[from] SetupError),
    #[error("the store does not answer: {0}")]
    Broken(#[from] crate::store::StoreError),
}

impl AppState {
    /// Opens the store and starts the pump and the housekeeping, which stop with `stop`.
    pub async fn start(
        config: Config,
        metrics: Metrics,
        stop: &CancellationToken,
    ) -> Result<App, StartError> {
        let (bus, announcer) = bus::Local::new();
        let store = Store::open(&config.store(), announcer)?;
        let media_limits = MediaLimits {
            upload_bytes: config.uploads.upload_max_bytes,
            pixels: config.uploads.upload_max_pixels,
            ..MediaLimits::default()
        };
        let media =
            MediaFiles::open(config.data_dir.join("media"), media_limits).map_err(StartError::Media)?;
        crate::domain::housekeeping::prepare(&store).await?;
        let clock = Clock::new();
        let hub = Arc::new(Hub::new(store.clone(), config.hub()));
        let per_second = NonZeroU32::new(config.connections.publish_per_second).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(per_second)
            .allow_burst(per_second.saturating_mul(NonZeroU32::MIN.saturating_add(9)));
        let frames = config.connections.frames_per_second.saturating_mul(CONNECTIONS_OF_FRAMES);
        let frames = NonZeroU32::new(frames).unwrap_or(NonZeroU32::MIN);
        let frames =
            Quota::per_second(frames).allow_burst(frames.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        let tokens = Tokens::open(&config.tokens, &config.data_dir)?;
        let max_per_user = config.connections.max_connections_per_user as usize;
        let scheduler = Arc::new(scheduler(&config, &store, &media));
        let app = Arc::new(Self {
            assets: Assets::new(config.assets_dir.clone()),
            connections: AddressLimit::new(config.connections.max_connections_per_address),
            publishing: RateLimiter::hashmap(quota),
            publishing_by_account: RateLimiter::hashmap(quota),
            frames_by_account: RateLimiter::hashmap(frames),
            passwords: Passwords::new(&config.accounts),
            guesses: Guesses::default(),
            tokens,
            abuse: Abuse::default(),
            sessions: Sessions::new(max_per_user),
            scheduler,
            monitor: Monitor::default(),
            started_at: unix_ms(),
            turns: Notify::new(),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            store,
            hub,
            media,
            clock,
            metrics,
            config,
        });
        app.tasks.spawn(bus::pump(bus, app.hub.clone(), clock, stop.clone()));
        app.tasks.spawn(crate::domain::housekeeping::run(app.clone(), stop.clone()));
        let (fetching, stopped) = (app.clone(), stop.clone());
        app.tasks.spawn(async move { fetching.tokens.keep_keys_fresh(stopped).await });
        app.tasks.spawn(app.scheduler.clone().run(stop.clone()));
        app.tasks.spawn(crate::turns::run(app.clone(), stop.clone()));
        app.tasks.spawn(crate::monitor::run(app.clone(), stop.clone()));
        Ok(app)
    }

    /// Reads on one view of the store what `principal` may read of `topic`.
    pub async fn read_as<T, F>(&self, principal: &Principal, topic: &Topic, work: F) -> Result<T, ApiError>
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (principal, topic) = (principal.clone(), topic.clone());
        let work = async move |tx: &mut Tx<'_>| {
            permission::require(tx, &principal, Action::Read, &topic).await?;
            Ok(work(tx).await?)
        };
        self.read(work).await
    }

    /// Reads on one view of the store what may be refused.
    pub async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, WorkError<Refusal>> + Send + 'static,
        T: Send + 'static,
    {
        let outcome = self.store.read(async move |tx| match work(tx).await {
            Ok(value) => Ok(Ok(value)),
            Err(WorkError::Refused(refusal)) => Ok(Err(refusal)),
            Err(WorkError::Store(error)) => Err(error),
        });
        outcome.await?.map_err(ApiError::from)
    }

    /// Refuses a topic that `principal` may not follow, as one that does not exist where it may not be told.
    pub async fn may_follow(&self, principal: &Principal, topic: &Topic) -> Result<(), ApiError> {
        self.hub.readable(self.clock.now(), principal, topic).await?;
        Ok(())
    }

    /// Takes `changes` from the allowance of the account, if there is one, and of the address. Who goes on
    /// in spite of being told is disconnected (P7).
    pub fn may_change(&self, principal: &Principal, changes: usize) -> Result<(), ApiError> {
        let changes = NonZeroU32::new(u32::try_from(changes).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        let account = principal.account_id();
        let by_account = match account {
            Some(account) => taken(&self.publishing_by_account.check_key_n(account, changes)),
            None => Ok(()),
        };
        let outcome =
            by_account.and_then(|()| taken(&self.publishing.check_key_n(&principal.address(), changes)));
        if matches!(&outcome, Err(error) if error.0.code == ErrorCode::RateLimited) {
            self.note_abuse(principal, "publishing");
        }
        outcome
    }

    /// Takes one frame from the allowance of the account, over all its connections; else in how many
    /// milliseconds there is one again.
    pub fn may_send(&self, principal: &Principal) -> Result<(), u64> {
        let Some(account) = principal.account_id() else { return Ok(()) };
        self.frames_by_account.check_key(account).map_err(|not_until| {
            not_until.wait_time_from(DefaultClock::default().now()).as_millis() as u64 + 1
        })
    }

    /// Somebody was told that it is too much. If they go on, they are logged and their connections end.
    fn note_abuse(&self, principal: &Principal, what: &'static str) {
        let who = principal.who();
        if !self.abuse.note(&who) {
            return;
        }
        if let Some(account) = principal.account_id() {
            self.sessions.end_abuser(account);
        }
        if self.abuse.is_first(&who, what) {
            tracing::warn!(who, address = %principal.address(), what, "disconnected an abuser");
        }
    }

    /// Removes the files of uploads that no row speaks of any more.
    pub async fn remove_files(&self, uploads: impl IntoIterator<Item = shared::UploadId>) {
        for upload in uploads {
            self.media.remove(&upload).await;
        }
    }

    /// The server is about to end: no new connections, and those there are get told.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.sessions.end_all();
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// What a limiter of changes has said, as an answer.
fn taken(
    checked: &Result<
        Result<(), NotUntil<<DefaultClock as governor::clock::Clock>::Instant>>,
        governor::InsufficientCapacity,
    >,
) -> Result<(), ApiError> {
    match checked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not_until)) => {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Err(ApiError::rate_limited(wait.as_millis() as u64 + 1))
        }
        Err(_) => {
            Err(ApiError::new(ErrorCode::TooLarge, "more changes in one request than are allowed at all"))
        }
    }
}

fn scheduler(config: &Config, store: &Store, media: &MediaFiles) -> Scheduler {
    let set = &config.webhooks;
    let timeout = Duration::from_millis(set.webhook_timeout_ms);
    let options = Options {
        attempts: set.webhook_attempts,
        retry_ms: set.webhook_retry_ms,
        timeout_ms: set.webhook_timeout_ms,
        at_once: set.webhooks_at_once as usize,
        may_post: config.accounts.visitors_may_post,
    };
    let webhooks = Webhooks::new(set.webhook_allow_private, timeout);
    Scheduler::new(store.clone(), media.clone(), webhooks, options, Arc::new(unix_ms))
}

/// THE table of addresses.
pub fn router(app: App) -> Router {
    let upload_bytes =
        usize::try_from(app.config.uploads.upload_max_bytes).unwrap_or(usize::MAX).saturating_add(64 * 1024);
    Router::new()
        // Events and their timelines
        .route("/api/events", get(api::event::list).post(api::event::create))
        .route("/api/events/{id}", get(api::event::read).patch(api::event::change).delete(api::event::delete))
        .route("/api/events/{id}/stats", get(api::event::stats))
        .route("/api/events/{id}/updates", get(poll::event))
        .route("/api/events/{id}/stream", get(sse::event))
        .route(
            "/api/events/{id}/media",
            get(api::media::list).post(api::media::create).layer(DefaultBodyLimit::max(upload_bytes)),
        )
        .route(
            "/api/events/{id}/media/{media_id}",
            get(api::media::read).patch(api::media::change).delete(api::media::delete),
        )
        .route(
            "/api/events/{id}/media/{media_id}/comments",
            get(api::comment::list).post(api::comment::create),
        )
        .route("/api/events/{id}/media/{media_id}/comments/{comment_id}", delete(api::comment::delete))
        .route("/api/events/{id}/media/{media_id}/like", put(api::comment::like).delete(api::comment::unlike))
        .route("/api/events/{id}/likes", get(api::comment::liked))
        .route("/api/uploads", post(api::upload::create).layer(DefaultBodyLimit::max(upload_bytes)))
        .route("/media/{upload_id}/{file}", get(api::files::serve))
        // Stories
        .route("/api/stories", get(api::story::list).post(api::story::create))
        .route("/api/stories/{id}", get(api::story::read).delete(api::story::delete))
        .route("/api/stories/{id}/view", post(api::story::view))
        .route("/api/stories/{id}/reactions", post(api::story::react))
        .route("/api/stories/{id}/viewers", get(api::story::viewers))
        .route("/stories", get(assets::asset).post(api::story::create))
        .route("/stories/{id}/view", post(api::story::view))
        .route("/stories/{id}/reactions", post(api::story::react))
        // People
        .route(
            "/api/session",
            get(api::session::read).post(api::session::sign_in).delete(api::session::sign_out),
        )
        .route("/api/accounts", post(api::account::register))
        .route("/api/account", get(api::account::read).patch(api::account::change))
        .route("/api/account/password", post(api::account::change_password))
        .route("/api/account/sessions", get(api::session::list).delete(api::session::end_all))
        .route("/api/account/sessions/{id}", delete(api::session::end))
        .route("/api/people", get(api::account::people))
        .route("/api/events/{id}/access", get(api::member::access))
        .route("/api/events/{id}/members", get(api::member::list))
        .route("/api/events/{id}/members/{name}", put(api::member::put).delete(api::member::remove))
        .route("/api/events/{id}/invitations", get(api::member::invitations).post(api::member::invite))
        .route("/api/events/{id}/invitations/{invitation_id}", delete(api::member::withdraw))
        .route("/api/invitations/{code}", get(api::member::look).post(api::member::accept))
        // Teams and matches
        .route("/api/events/{id}/teams", get(api::team::list).post(api::team::create))
        .route("/api/teams/{id}", get(api::team::read).patch(api::team::change).delete(api::team::delete))
        .route("/api/teams/{id}/matches", get(api::team::matches))
        .route("/api/teams/{id}/follow", put(api::follow::follow_team).delete(api::follow::unfollow_team))
        .route(
            "/api/teams/{id}/players/{player_id}/follow",
            put(api::follow::follow_player).delete(api::follow::unfollow_player),
        )
        .route("/api/follows", get(api::follow::list))
        .route("/api/events/{id}/matches", get(api::match_::list).post(api::match_::create))
        .route(
            "/api/matches/{id}",
            get(api::match_::read).patch(api::match_::change).delete(api::match_::delete),
        )
        .route("/api/matches/{id}/events", get(api::match_::events).post(api::match_::record))
        .route("/api/events/{id}/tournaments", get(api::tournament::list).post(api::tournament::create))
        .route(
            "/api/tournaments/{id}",
            get(api::tournament::read).patch(api::tournament::change).delete(api::tournament::delete),
        )
        .route("/api/tournaments/{id}/matches", get(api::tournament::matches))
        // Venues
        .route("/api/venues", get(api::venue::list).post(api::venue::create))
        .route("/api/venues/updates", get(api::venue::all_updates))
        .route("/api/venues/{id}", get(api::venue::read).patch(api::venue::change).delete(api::venue::delete))
        .route("/api/venues/{id}/updates", get(api::venue::venue_updates))
        .route("/api/venues/{id}/vibe-checks", get(api::venue::check_updates).post(api::venue::check))
        .route("/api/venues/{id}/vibe-checks/{check_id}", delete(api::venue::delete_check))
        .route("/api/venues/{id}/promotions", get(api::venue::promotion_updates).post(api::venue::promote))
        .route(
            "/api/venues/{id}/promotions/{promotion_id}",
            patch(api::venue::change_promotion).delete(api::venue::delete_promotion),
        )
        // Posts
        .route("/api/posts", get(api::post::list).post(api::post::create))
        .route("/api/posts/{id}", get(api::post::read).patch(api::post::change).delete(api::post::delete))
        .route("/api/posts/{id}/schedule", post(api::post::schedule))
        .route("/api/posts/{id}/unschedule", post(api::post::unschedule))
        .route("/api/posts/{id}/publish", post(api::post::publish_now))
        .route("/api/posts/{id}/retry", post(api::post::retry))
        .route("/api/posts/{id}/editors/{name}", put(api::post::share).delete(api::post::remove_editor))
        .route("/api/posts/{id}/like", put(api::post::like).delete(api::post::unlike))
        .route("/api/posts/{id}/comments", get(api::comment::list_on_post).post(api::comment::create_on_post))
        .route("/api/posts/{id}/comments/{comment_id}", delete(api::comment::delete_on_post))
        .route("/api/webhooks", get(api::webhook::list).post(api::webhook::create))
        .route("/api/webhooks/{id}", delete(api::webhook::delete))
        // Notifications
        .route("/api/notifications", get(api::notification::list))
        .route("/api/notifications/unread", get(api::notification::unread))
        .route("/api/notifications/read", post(api::notification::mark_all_read))
        .route("/api/notifications/{id}/read", post(api::notification::mark_read))
        .route("/api/mutes", get(api::notification::mutes))
        .route(
            "/api/events/{id}/mute",
            get(api::notification::event_muted)
                .put(api::notification::mute_event)
                .delete(api::notification::unmute_event),
        )
        .route(
            "/api/events/{id}/media/{media_id}/mute",
            get(api::notification::item_muted)
                .put(api::notification::mute_item)
                .delete(api::notification::unmute_item),
        )
        // Feeds
        .route("/ws", get(upgrade::general))
        .route("/api/ws/events/{id}", get(upgrade::event))
        .route("/api/poll", get(poll::topics))
        .route("/api/sse", get(sse::topics))
        // Operation
        .route("/api/websocket", get(api::control::status).post(api::control::control))
        .route("/api/admin/connections", get(api::control::connections))
        .route("/api/admin/connections/{id}", get(api::control::connection).delete(api::control::close))
        .route("/api/admin/topics", get(api::control::topics))
        .route("/api/admin/topics/{topic}/log", get(api::control::log))
        .route("/api/admin/audit", get(api::control::audit_log))
        .route("/healthz", get(api::health::alive))
        .route("/readyz", get(api::health::ready))
        .route("/metrics", get(api::health::metrics))
        // Everything else
        .route("/api", any(api::not_found))
        .route("/api/{*rest}", any(api::not_found))
        .fallback(assets::asset)
        .method_not_allowed_fallback(api::method_not_allowed)
        .layer(DefaultBodyLimit::max(limits::JSON_BODY_BYTES))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_millis(app.config.connections.body_timeout_ms)))
        .layer(
            CompressionLayer::new()
                .br(true)
                .gzip(true)
                .quality(tower_http::CompressionLevel::Fastest)
                // Videos and sounds are small already, and a compressed answer has no ranges.
                .compress_when(
                    DefaultPredicate::new()
                        .and(NotForContentType::const_new("video/"))
                        .and(NotForContentType::const_new("audio/")),
                ),
        )
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .layer(cors(&app.config.allowed_origins))
        .with_state(app)
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse::<HeaderValue>().ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::IF_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .max_age(Duration::from_hours(1))
}

/// What holds for every request: changes do not come from pages of other origins, nothing is sniffed.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if changes && !origin::is_allowed(request.headers(), &app.config.allowed_origins) {
        ApiError::new(ErrorCode::CrossSite, "a page of another origin may not do this").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    response
}
