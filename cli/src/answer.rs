//! `scrip answer`: the reference's side of the cases. It reads a step a line and answers a line, on ledgers in memory.

use std::io::Write as _;

use scrip::request::KeyedBatch;
use scrip::store::{AsOf, StoreError};
use scrip::view::Wallet;
use scrip::{
    DefinitionId, Error, Key, Ledger, MemoryStore, ProfileId, Program, Redeem, Request, Timestamp, json,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::{Failure, Status};

/// A line: a new ledger, or a step on the one that there is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    begin: Option<Program>,
    at: Option<Timestamp>,
    key: Option<Key>,
    #[serde(rename = "do")]
    request: Option<Box<RawValue>>,
    do_all: Option<Vec<Box<RawValue>>>,
    parse: Option<Box<RawValue>>,
    look: Option<String>,
    profile_id: Option<ProfileId>,
    redeem: Option<Box<RawValue>>,
    as_of: Option<Moment>,
    earned: Option<Earned>,
}

/// The points that are asked for (rule K3).
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Earned {
    definition_id: DefinitionId,
    from: Timestamp,
    to: Timestamp,
}

/// As of when to look: an instant, or the number of an entry.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Moment {
    Entry(u32),
    Instant(Timestamp),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Value),
    Refused { code: &'static str, numbers: Value },
    FailsAt(String),
}

type Memory = Ledger<MemoryStore>;

pub fn run() -> Result<Status, Failure> {
    let mut ledger = None;
    let mut out = std::io::stdout();
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| Failure::of("standard input", &error))?;
        let line: Line = json::read(line.as_bytes()).map_err(|error| Failure::of(&line, &error))?;
        let answer = answer(&mut ledger, line)?;
        let text = serde_json::to_string(&answer).map_err(|error| Failure::of("the answer", &error))?;
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        written.map_err(|error| Failure::of("standard output", &error))?;
    }
    Ok(Status::Done)
}

fn answer(ledger: &mut Option<Memory>, line: Line) -> Result<Answer, Failure> {
    if let Some(program) = line.begin {
        *ledger = Some(Ledger::new(program, MemoryStore::new()));
        return Ok(Answer::Ok(Value::Null));
    }
    let ledger = ledger.as_mut().ok_or_else(|| Failure::new("the first line must begin a ledger"))?;
    let at = line.at.ok_or_else(|| Failure::new("at: is missing"))?;
    if let Some(body) = &line.parse {
        return Ok(match json::read::<Request>(body.get().as_bytes()) {
            Ok(_) => Answer::Ok(Value::Null),
            Err(error) => Answer::FailsAt(error.path),
        });
    }
    if let Some(body) = &line.request {
        let request: Request = read(body)?;
        return Ok(match line.key {
            Some(key) => told(ledger.at(at).keyed(key).commit(request)),
            None => told(ledger.at(at).commit(request)),
        });
    }
    if let Some(rows) = &line.do_all {
        return batch(ledger, at, line.key, rows);
    }
    match line.look.as_deref() {
        Some("quote") => {
            let redeem = line.redeem.as_ref().ok_or_else(|| Failure::new("redeem: is missing"))?;
            let redeem: Redeem = read(redeem)?;
            Ok(seen(ledger.at(at).quote(&redeem)))
        }
        Some(look) => {
            let profile = line.profile_id.ok_or_else(|| Failure::new("profile_id: is missing"))?;
            look_at(ledger, at, look, profile, line.as_of, line.earned)
        }
        None => Err(Failure::new("a line must begin, do or look")),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &RawValue) -> Result<T, Failure> {
    json::read(body.get().as_bytes()).map_err(|error| Failure::of(body.get(), &error))
}

fn batch(
    ledger: &mut Memory,
    at: Timestamp,
    key: Option<Key>,
    rows: &[Box<RawValue>],
) -> Result<Answer, Failure> {
    let requests = rows.iter().map(|row| read(row)).collect::<Result<Vec<Request>, Failure>>()?;
    let answers = match key {
        Some(key) => ledger.run_batch(&KeyedBatch::new(at, key, requests)),
        None => ledger.at(at).commit_all(requests),
    };
    let row = |answer: scrip::ledger::Answer<Request, _>| match told(answer.map(|receipt| receipt.outcome)) {
        Answer::Ok(outcome) => outcome,
        Answer::Refused { code, .. } => code.into(),
        Answer::FailsAt(field) => field.into(),
    };
    Ok(Answer::Ok(answers.into_iter().map(row).collect()))
}

fn look_at(
    ledger: &mut Memory,
    at: Timestamp,
    look: &str,
    profile: ProfileId,
    as_of: Option<Moment>,
    earned: Option<Earned>,
) -> Result<Answer, Failure> {
    let as_of = as_of.map(|moment| match moment {
        Moment::Entry(sequence) => AsOf::Sequence(sequence),
        Moment::Instant(at) => AsOf::At(at),
    });
    macro_rules! ask {
        ($question:ident $(, $more:expr)*) => {
            match as_of {
                None => ledger.at(at).$question(profile $(, $more)*),
                Some(as_of) => ledger.as_of(as_of).$question(profile $(, $more)*),
            }
        };
    }
    let of_wallet = |wallet: &Wallet| match look {
        "rewards" => serde_json::to_value(wallet.rewards()),
        "points" => serde_json::to_value(wallet.points()),
        "redemptions" => serde_json::to_value(wallet.redemptions().collect::<Vec<_>>()),
        "holds" => serde_json::to_value(wallet.holds().collect::<Vec<_>>()),
        "returns" => serde_json::to_value(wallet.returns()),
        "transactions" => serde_json::to_value(wallet.transactions().collect::<Vec<_>>()),
        _ => serde_json::to_value(wallet.journal()),
    };
    match look {
        "balances" => Ok(seen(ask!(balances))),
        "next_expiry" => Ok(seen(ask!(next_expiry))),
        "points_earned" => {
            let Earned { definition_id, from, to } =
                earned.ok_or_else(|| Failure::new("earned: is missing"))?;
            Ok(seen(ask!(points_earned, definition_id, from..to)))
        }
        "rewards" | "points" | "redemptions" | "holds" | "returns" | "transactions" | "journal" => {
            match ask!(wallet) {
                Ok(wallet) => of_wallet(&wallet).map(Answer::Ok).map_err(|error| Failure::of(look, &error)),
                Err(error) => Ok(refused(&error)),
            }
        }
        other => Err(Failure::new(format!("nothing called {other} is to be seen"))),
    }
}

/// The outcome, without its tag.
fn told<E: StoreError>(answer: Result<scrip::Outcome, Error<E>>) -> Answer {
    match seen(answer) {
        Answer::Ok(tagged) => Answer::Ok(without_tag(tagged)),
        other => other,
    }
}

fn seen<T: Serialize, E: StoreError>(answer: Result<T, Error<E>>) -> Answer {
    match answer {
        Ok(seen) => Answer::Ok(serde_json::to_value(seen).unwrap_or_default()),
        Err(error) => refused(&error),
    }
}

fn refused<E: StoreError>(error: &Error<E>) -> Answer {
    let numbers = error.rejection().and_then(|rejection| serde_json::to_value(rejection).ok());
    Answer::Refused { code: error.code(), numbers: numbers.map(without_tag).unwrap_or_default() }
}

/// `{"redeem": {…}}` to what is inside.
fn without_tag(tagged: Value) -> Value {
    match tagged {
        Value::Object(fields) if fields.len() == 1 => {
            fields.into_iter().next().map_or(Value::Null, |(_, it)| it)
        }
        other => other,
    }
}
