//! `touchline-demo`: a server with something going on.
//!
//! A client like any other: it knows the public API and nothing else, and the server knows nothing of it.
//! Everything is posted with fixed idempotency keys, so that a second start adds nothing twice and an
//! interrupted one goes on where it was. Called by `cargo xtask run`.

mod api;
mod cup;
mod final_2018;
mod fixture;
mod launch;
mod others;
mod people;
mod photos;
mod story;
#[cfg(test)]
mod testing;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::{api::Api, story::Story};

/// Between the end of one replay and the beginning of the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// So much later than the others begins what is to stand first.
const LATER: Duration = Duration::from_secs(1);

/// Posts a live launch, a tournament with a live match, the replay of a football match, two events beside them, and a private one with its people.
#[derive(Debug, Parser)]
#[command(name = "touchline-demo", version, about)]
struct Cli {
    /// Where the server is.
    #[arg(long, env = "TOUCHLINE_SERVER", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// How many times faster than by default.
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    speed: f64,
    /// When the match is over, play it again as a new event, for ever.
    #[arg(long = "loop")]
    again: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("a number above 0".to_owned()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let api = Api::new(&cli.server);
    if people::gather(&api).await? {
        println!("sign in as ada, ben or cleo with the password {}", people::PASSWORD);
    }
    // In the order of creation: what is to stand first in the list of events comes last.
    others::over().tell(&api, cli.speed).await?;
    others::coming().tell(&api, cli.speed).await?;
    final_2018::tell_match(&api).await?;
    let replays = replays(&api, cli.speed, cli.again);
    let launch = async {
        launch::story().tell(&api, cli.speed).await?;
        println!("the launch has been told");
        anyhow::Ok(())
    };
    let cup = async {
        // The newest event stands first: a newcomer opens on a match.
        tokio::time::sleep(LATER).await;
        cup::days(&api, cli.speed, cli.again).await
    };
    tokio::try_join!(replays, launch, cup)?;
    Ok(())
}

async fn replays(api: &Api, speed: f64, again: bool) -> Result<()> {
    for round in 1.. {
        let story: Story = final_2018::story(round)?;
        let told = story.tell(api, speed).await?;
        println!("replay {round} of the final is over");
        if !again {
            break;
        }
        // A round that had been told before is passed over at once.
        if told {
            tokio::time::sleep(INTERVAL.div_f64(speed)).await;
        }
    }
    Ok(())
}
