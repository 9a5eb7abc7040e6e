//! One request from the shell, as JSON.

use std::io::Read as _;

use clap::Subcommand;
use scrip::{Command, Key, Receipt, Request, json};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::{Failure, Status, say};
use crate::place::Where;

/// A request and where it goes.
#[derive(Clone, Debug, clap::Args)]
pub struct Body {
    /// The request's fields as JSON, such as '{"profile_id": "alice", "amount": "7.50"}'; - for standard input
    #[arg(value_name = "JSON")]
    fields: String,
    #[command(flatten)]
    place: Where,
    /// An idempotency key: the same request under it is carried out once
    #[arg(long)]
    key: Option<Key>,
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident = $tag:literal;)*) => {
        #[derive(Clone, Debug, Subcommand)]
        pub enum Asked {
            $($(#[$doc])* $name(Body),)*
        }

        impl Asked {
            /// What the request is called in JSON, and the rest.
            const fn parts(&self) -> (&'static str, &Body) {
                match self {
                    $(Self::$name(body) => ($tag, body),)*
                }
            }
        }
    };
}

requests! {
    /// Define rewards or points
    Define = "define";
    /// Change a definition
    Redefine = "redefine";
    /// Take a definition out of use
    Archive = "archive_definition";
    /// Issue a reward
    Issue = "issue_reward";
    /// Issue points
    IssuePoints = "issue_points";
    /// Redeem, soonest expiry first
    Redeem = "redeem";
    /// Set value aside for a sale
    Hold = "place_hold";
    /// Redeem what a hold set aside
    Capture = "capture_hold";
    /// Give back what a hold set aside
    Release = "release_hold";
    /// Give back part of a redemption, or all of it
    Return = "return_redemption";
    /// Undo a redemption within the window
    Reverse = "reverse_redemption";
    /// Extend a reward
    Extend = "extend";
    /// Move a reward to another profile
    Reassign = "reassign";
    /// Transfer value to another profile
    Transfer = "transfer";
    /// Take a reward back
    Revoke = "revoke";
    /// Correct what is left of a lot
    Adjust = "adjust";
    /// Merge one profile into another
    Merge = "merge_profiles";
    /// Write down what fell due
    Sweep = "sweep";
    /// Post a sale
    Post = "post_transaction";
    /// Change a sale
    Update = "update_transaction";
    /// Delete a sale
    Delete = "delete_transaction";
    /// Take back part of a sale, or all of it
    ReturnSale = "return_transaction";
}

/// A refusal, for programs.
#[derive(Serialize)]
struct Refused<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

pub async fn run(asked: &Asked) -> Result<Status, Failure> {
    let (tag, body) = asked.parts();
    let request = request(tag, &fields(&body.fields)?)?;
    let mut ledger = body.place.to_write().await?;
    let command = Command::new(body.place.now()?, request);
    let command = match &body.key {
        Some(key) => command.keyed(key.clone()),
        None => command,
    };
    match ledger.run(&command).await {
        Ok(Receipt { outcome, .. }) => print(&outcome).map(|()| Status::Done),
        Err(error) => {
            let code = error.code();
            match &error {
                scrip::Error::Rejected(rejection) => refuse(code, rejection, rejection.field()),
                scrip::Error::KeyReused(reused) => refuse(code, reused, None),
                _ => Err(error.into()),
            }
        }
    }
}

fn fields(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::of("standard input", &error))?;
    Ok(text)
}

/// The request of a kind, with these fields.
fn request(tag: &str, fields: &str) -> Result<Request, Failure> {
    let fields =
        RawValue::from_string(fields.to_owned()).map_err(|error| Failure::of("the request", &error))?;
    let text = format!("{{\"{tag}\":{}}}", fields.get());
    json::read(text.as_bytes()).map_err(|error| Failure::of("the request", &error))
}

/// The outcome, without its tag: the caller knows which request was sent.
fn print(outcome: &scrip::Outcome) -> Result<(), Failure> {
    let value = serde_json::to_value(outcome).map_err(|error| Failure::of("the outcome", &error))?;
    let inner = value.as_object().and_then(|tagged| tagged.values().next()).unwrap_or(&value);
    say(&format!("{inner:#}\n"))
}

fn refuse(code: &str, why: &dyn std::error::Error, field: Option<&str>) -> Result<Status, Failure> {
    let refused = Refused { code, message: why.to_string(), field };
    let text = serde_json::to_string(&refused).map_err(|error| Failure::of("the refusal", &error))?;
    eprintln!("{text}");
    Ok(Status::Refused)
}
