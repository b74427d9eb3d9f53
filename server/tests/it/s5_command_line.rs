//! The command line beside `serve` (S5, P5): accounts, keys, tokens, invitations, while a server runs and
//! while none does.

use serde_json::json;
use shared::ServerFrame;
use tempfile::TempDir;

use crate::support::{Follower, PASSWORD, Process, process::run};

/// Runs a command that has to succeed; what it says.
fn done(dir: &TempDir, arguments: &[&str], input: &str) -> String {
    let (status, said, log) = run(dir.path(), arguments, input);
    assert!(status.success(), "{arguments:?}: {log}");
    said.trim_end().to_owned()
}

/// Runs a command that has to fail; why.
fn refused(dir: &TempDir, arguments: &[&str], input: &str) -> String {
    let (status, said, log) = run(dir.path(), arguments, input);
    assert!(!status.success() && said.is_empty(), "{arguments:?}: {said}");
    log
}

#[tokio::test]
async fn s5_accounts_are_made_and_tokens_minted_without_a_server() {
    let dir = TempDir::new().unwrap();
    assert_eq!(done(&dir, &["user", "add", "Ada", "--admin", "--password-stdin"], "correct horse\n"), "ada");
    let (name, made_up) = {
        let said = done(&dir, &["user", "add", "bob", "--display-name", "Bob B."], "");
        let (name, password) = said.split_once(' ').unwrap();
        (name.to_owned(), password.to_owned())
    };
    assert_eq!((name.as_str(), made_up.len()), ("bob", 20));
    assert_eq!(done(&dir, &["user", "list"], ""), "ada admin\nbob user");
    assert!(refused(&dir, &["user", "add", "ada", "--password-stdin"], "correct horse\n").contains("taken"));
    assert!(refused(&dir, &["user", "add", "cy", "--password-stdin"], "short\n").contains("8 characters"));
    assert!(refused(&dir, &["user", "add", "../x"], "").contains("a name has"));
    assert!(refused(&dir, &["token", "nobody"], "").contains("no account"));
    let token = done(&dir, &["token", "ada", "--ttl", "1h"], "");

    let server = Process::start(dir.path(), &[]);
    assert_eq!(server.try_sign_in("bob", &made_up).await.status, 200);
    assert_eq!(server.try_sign_in("ada", PASSWORD).await.body["role"], "admin");
    let bearer = server.api.showing("authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.get("/api/account").await.body["name"], "ada");
    let foreign = done(&dir, &["token", "ada", "--jwt-secret", "another secret of thirty-two bytes"], "");
    let bearer = server.api.showing("authorization", &format!("Bearer {foreign}"));
    assert_eq!(bearer.get("/api/account").await.status, 401, "signed with another secret");
}

#[tokio::test]
async fn s5_commands_work_while_a_server_runs_and_it_follows() {
    let dir = TempDir::new().unwrap();
    let flags =
        ["--registration", "invitation", "--visitors-may-post", "false", "--heartbeat-interval-ms", "100"];
    let server = Process::start(dir.path(), &flags);
    done(&dir, &["user", "add", "ada", "--password-stdin"], "correct horse\n");
    let ada = server.sign_in("ada").await;
    let mut follower = Follower::socket(&ada, "/ws").await;
    assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
    assert_eq!(done(&dir, &["user", "role", "ada", "admin"], ""), "ada admin");
    assert_eq!(follower.read_to_close().await.0, 4005);
    assert_eq!(ada.get("/api/account").await.body["role"], "admin");

    let mut follower = Follower::socket(&ada, "/ws").await;
    assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
    assert_eq!(done(&dir, &["user", "passwd", "ada", "--password-stdin"], "battery staple\n"), "ada");
    assert_eq!(follower.read_to_close().await.0, 4501);
    assert_eq!(server.try_sign_in("ada", PASSWORD).await.status, 401);
    let ada = server.signed_in(&server.try_sign_in("ada", "battery staple").await);
    done(&dir, &["user", "disable", "ada"], "");
    assert_eq!(ada.get("/api/account").await.status, 401);
    assert_eq!(server.try_sign_in("ada", "battery staple").await.status, 401);
    assert!(refused(&dir, &["token", "ada"], "").contains("disabled"));
    done(&dir, &["user", "enable", "ada"], "");
    assert_eq!(server.try_sign_in("ada", "battery staple").await.status, 200);
    assert!(refused(&dir, &["user", "role", "nobody", "admin"], "").contains("no account"));

    let invitation = done(&dir, &["invite"], "");
    let register = async |name: &str| {
        let new = json!({"name": name, "password": PASSWORD, "invitation": invitation});
        server.post("/api/accounts", &new).await.status
    };
    assert_eq!((register("bob").await, register("eve").await), (201, 403));

    let key = done(&dir, &["key", "add", "club"], "");
    assert!(key.starts_with("tlk_"), "{key}");
    assert!(refused(&dir, &["key", "add", "club"], "").contains("there is a key"));
    assert!(done(&dir, &["key", "list"], "").starts_with("club 2"));
    let club = server.api.showing("authorization", &format!("Bearer {key}"));
    club.event().await;
    done(&dir, &["key", "remove", "club"], "");
    assert_eq!(club.get("/api/events").await.status, 401);
    assert!(refused(&dir, &["key", "remove", "club"], "").contains("no key"));
}

#[tokio::test]
async fn s5_a_database_of_another_version_is_left_alone_while_its_server_runs() {
    let dir = TempDir::new().unwrap();
    let _server = Process::start(dir.path(), &[]);
    let database = rusqlite::Connection::open(dir.path().join("touchline.db")).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    let why = refused(&dir, &["user", "add", "ada"], "");
    assert!(why.contains("of another version"), "{why}");
}
