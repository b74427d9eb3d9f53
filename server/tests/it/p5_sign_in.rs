//! Signing in (P5): what a sign-in does not outlive, and for whom its cookie is.

use serde_json::json;
use server::store::{WorkError, account as rows};

use crate::support::Server;

#[tokio::test]
async fn p5_a_sign_in_that_is_under_way_does_not_outlive_a_change_of_the_password() {
    let server = Server::with(&["--passwords-at-once", "1", "--sign-ins-per-minute", "100"]).await;
    let account = server.register("ada").await.person.id;
    // One password is looked at at a time: the others have their turn after it, with what they read before.
    let credentials = json!({"name": "ada", "password": "correct horse"});
    let mut signing_in = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (api, credentials) = (server.api.clone(), credentials.clone());
        signing_in.spawn(async move { api.post("/api/session", &credentials).await.status });
    }
    assert_eq!(signing_in.join_next().await.unwrap().unwrap(), 200);
    let of = account.clone();
    let changed = server.app.store.write(async move |tx| {
        rows::set_password(tx, &of, "another").await?;
        Ok::<_, WorkError<()>>(rows::delete_sessions(tx, &of, None).await?)
    });
    changed.await.unwrap().unwrap();
    signing_in.join_all().await;
    let left = server.app.store.read(async move |tx| rows::sessions(tx, &account, None, 0).await);
    assert_eq!(left.await.unwrap(), [], "the old password has ended with its sessions");
}
