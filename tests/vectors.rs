//! Runs the language-neutral cases of `tests/vectors`, and checks that each rule has one.

#[path = "vectors/matching.rs"]
mod matching;

use std::collections::{BTreeMap, BTreeSet};

use scrip::DefinitionId;
use scrip::account::Account;
use scrip::ledger::Answer;
use scrip::request::KeyedBatch;
use scrip::store::{AsOf, MemoryError, StoreError};
use scrip::{
    Amount, Command, Define, Error, Ledger, MemoryStore, Outcome, PointDefinition, ProfileId, Program,
    Redeem, Request, RewardDefinition, Timestamp, json,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json as value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    name: String,
    #[serde(default)]
    program: Option<Box<RawValue>>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: Option<Timestamp>,
    key: Option<String>,
    // Kept as text until it is read, so that no number goes through a float.
    #[serde(rename = "do")]
    request: Option<Box<RawValue>>,
    do_all: Option<Vec<Box<RawValue>>>,
    parse: Option<Box<RawValue>>,
    fails_at: Option<String>,
    look: Option<String>,
    profile_id: Option<String>,
    redeem: Option<Box<RawValue>>,
    as_of: Option<Value>,
    earned: Option<Earned>,
    save: Option<String>,
    expect: Option<Box<RawValue>>,
    refuse: Option<String>,
    with: Option<Box<RawValue>>,
}

/// Which points are asked for (rule K3).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Earned {
    definition_id: DefinitionId,
    from: Timestamp,
    to: Timestamp,
}

/// The rules that the guide states, each after an anchor with its number.
fn rules() -> BTreeSet<String> {
    let guide = include_str!("../src/guide/rules.md");
    let anchors = guide.split("<a id=\"").skip(1);
    anchors.filter_map(|rest| rest.split_once('"')).map(|(rule, _)| rule.to_uppercase()).collect()
}

#[test]
fn every_case_holds() {
    for (file, case) in cases() {
        let mut run = Run::new(&case);
        for (index, step) in case.steps.iter().enumerate() {
            if let Err(problem) = run.step(step) {
                panic!("{file}, {} ({}), step {}: {problem}", case.rule, case.name, index + 1);
            }
        }
        if let Err(problem) = run.replays() {
            panic!("{file}, {} ({}), its journals: {problem}", case.rule, case.name);
        }
    }
}

#[test]
fn every_rule_has_a_case() {
    let covered: BTreeSet<String> = cases().into_iter().map(|(_, case)| case.rule).collect();
    // Rule J6 needs two at once, which no list of steps has: see `small_stores.rs` and `races.rs`.
    let rules = rules();
    let missing: Vec<_> = rules.iter().filter(|rule| *rule != "J6" && !covered.contains(*rule)).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
    let unknown: Vec<_> = covered.difference(&rules).collect();
    assert!(unknown.is_empty(), "cases of rules that the guide does not state: {unknown:?}");
}

/// A rejection leads to its rule.
#[test]
fn every_rule_that_is_cited_is_in_the_guide() {
    let rules = rules();
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/rejection/reason.rs");
    let text = std::fs::read_to_string(sources).unwrap();
    let cited = text.split("(rule").skip(1).filter_map(|rest| rest.split_once(')')).flat_map(|(cited, _)| {
        let words = cited.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.filter(|word| {
            let mut letters = word.chars();
            letters.next().is_some_and(|first| first.is_ascii_uppercase())
                && letters.all(|it| it.is_ascii_digit())
        })
    });
    let cited: BTreeSet<String> = cited.map(str::to_owned).collect();
    assert!(cited.len() > 20, "{cited:?}");
    let unknown: Vec<_> = cited.difference(&rules).collect();
    assert!(unknown.is_empty(), "cited, and not in the guide: {unknown:?}");
}

fn cases() -> Vec<(String, Case)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read(path).unwrap();
        let cases: Vec<Case> = json::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        cases.into_iter().map(move |case| (name.clone(), case))
    };
    files.iter().filter(|path| path.extension().is_some_and(|end| end == "json")).flat_map(read).collect()
}

struct Run {
    ledger: Ledger<MemoryStore>,
    /// The same steps, each request under a key and at once repeated: it must answer alike (rule J5).
    keyed: Ledger<MemoryStore>,
    keys: u32,
    now: Timestamp,
    latest: Timestamp,
    saved: BTreeMap<String, u64>,
}

type Checked = Result<(), String>;

impl Run {
    fn new(case: &Case) -> Self {
        let program: Program = match &case.program {
            Some(text) => json::read(text.get().as_bytes()).expect("a program"),
            None => Program::new("AUD", "Australia/Melbourne").unwrap(),
        };
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        let ledger = || {
            let mut ledger = Ledger::new(program.clone(), MemoryStore::new());
            let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
            ledger.at(now).commit(Define::from(ten)).unwrap();
            let points = PointDefinition::new("points".parse().unwrap(), "Points");
            ledger.at(now).commit(Define::from(points)).unwrap();
            ledger
        };
        Self { ledger: ledger(), keyed: ledger(), keys: 0, now, latest: now, saved: BTreeMap::new() }
    }

    fn step(&mut self, step: &Step) -> Checked {
        self.now = step.at.unwrap_or(self.now);
        self.latest = self.latest.max(self.now);
        if let Some(body) = &step.parse {
            let error = json::read::<Request>(self.fill(body).as_bytes()).err().ok_or("it was read")?;
            let field = step.fails_at.as_deref().unwrap_or_default();
            return if error.path.ends_with(field) {
                Ok(())
            } else {
                Err(format!("failed elsewhere: {error}"))
            };
        }
        if let Some(rows) = &step.do_all {
            return self.batch(rows, step);
        }
        let result = match (&step.request, &step.look) {
            (Some(body), None) => self.commit(body, step.key.as_deref())?,
            (None, Some(look)) => self.look(look, step)?,
            _ => return Err("a step either does or looks".to_owned()),
        };
        match (result, &step.refuse) {
            (Ok(outcome), None) => {
                if let Some(name) = &step.save {
                    let id = outcome["id"].as_u64().ok_or("nothing to save")?;
                    self.saved.insert(name.clone(), id);
                }
                self.compare(step.expect.as_deref(), &outcome)
            }
            (Err((code, numbers)), Some(expected)) if code == *expected => {
                self.compare(step.with.as_deref(), &numbers)
            }
            (Ok(outcome), Some(code)) => Err(format!("expected {code}, got {outcome}")),
            (Err((code, numbers)), _) => Err(format!("refused: {code} {numbers}")),
        }
    }

    fn commit(&mut self, body: &RawValue, key: Option<&str>) -> Result<Looked, String> {
        let request: Request = self.read(body)?;
        let key = key.map(|key| key.parse().unwrap());
        let command = Command { key, ..Command::new(self.now, request) };
        let answer = self.ledger.run(&command);
        self.repeat(command, answer.as_ref().ok().map(|receipt| &receipt.outcome))?;
        Ok(match answer {
            Ok(receipt) => Ok(unwrap_one(serde_json::to_value(receipt.outcome).unwrap())),
            Err(error) => Err(refusal(&error)),
        })
    }

    /// Under a key, and again: the same outcome in every field, or none (rule J5).
    fn repeat(&mut self, mut command: Command<Request>, outcome: Option<&Outcome>) -> Checked {
        self.keys += 1;
        if command.key.is_none() && !is_anybodys(&command.request) {
            command.key = Some(format!("step {}", self.keys).parse().unwrap());
        }
        let times = if command.key.is_some() { 2 } else { 1 };
        for _ in 0..times {
            let again = self.keyed.run(&command).ok().map(|receipt| receipt.outcome);
            // A sweep writes nothing of its own, so nothing remembers it.
            let differs = again.as_ref() != outcome && !matches!(again, Some(Outcome::Sweep(_)));
            if differs {
                return Err(format!("under a key, or again: expected {outcome:?}, got {again:?}"));
            }
        }
        Ok(())
    }

    fn batch(&mut self, rows: &[Box<RawValue>], step: &Step) -> Checked {
        let requests: Result<Vec<Request>, String> = rows.iter().map(|row| self.read(row)).collect();
        let requests = requests?;
        let answers = match &step.key {
            Some(key) => {
                let batch = KeyedBatch::new(self.now, key.parse().unwrap(), requests);
                let answers = self.ledger.run_batch(&batch);
                // Sent again at once, it is answered alike (rule J5).
                for _ in 0..2 {
                    let again = self.keyed.run_batch(&batch);
                    if told(&again) != told(&answers) {
                        return Err(format!("the batch again: expected {answers:?}, got {again:?}"));
                    }
                }
                answers
            }
            None => {
                self.keyed.at(self.now).commit_all(requests.clone());
                self.ledger.at(self.now).commit_all(requests)
            }
        };
        self.compare(step.expect.as_deref(), &Value::Array(told(&answers)))
    }

    fn look(&mut self, look: &str, step: &Step) -> Result<Looked, String> {
        if look == "quote" {
            let redeem: Redeem = self.read(step.redeem.as_deref().ok_or("a quote needs a redemption")?)?;
            return Ok(seen(self.ledger.at(self.now).quote(&redeem)));
        }
        let profile = ProfileId::new(step.profile_id.as_deref().ok_or("whose?")?).unwrap();
        let as_of = match &step.as_of {
            None => None,
            Some(Value::String(at)) => Some(AsOf::At(at.parse().unwrap())),
            Some(sequence) => Some(AsOf::Sequence(u32::try_from(sequence.as_u64().unwrap()).unwrap())),
        };
        macro_rules! ask {
            ($question:ident $(, $more:expr)*) => {
                match as_of {
                    None => self.ledger.at(self.now).$question(profile $(, $more)*),
                    Some(as_of) => self.ledger.as_of(as_of).$question(profile $(, $more)*),
                }
            };
        }
        if let ("points_earned", Some(Earned { definition_id, from, to })) = (look, &step.earned) {
            return Ok(seen(ask!(points_earned, *definition_id, *from..*to)));
        }
        let wallet = |wallet: scrip::view::Wallet| match look {
            // It adds up, and what is written down of it is all of it.
            _ if !wallet.account().is_conserved() => panic!("{:?}", wallet.account()),
            _ if &through_json(wallet.account()) != wallet.account() => panic!("{:?}", wallet.account()),
            "rewards" => serde_json::to_value(wallet.rewards()),
            "points" => serde_json::to_value(wallet.points()),
            "redemptions" => serde_json::to_value(wallet.redemptions().collect::<Vec<_>>()),
            "holds" => serde_json::to_value(wallet.holds().collect::<Vec<_>>()),
            "returns" => serde_json::to_value(wallet.returns()),
            "transactions" => serde_json::to_value(wallet.transactions().collect::<Vec<_>>()),
            "journal" => serde_json::to_value(wallet.journal()),
            other => panic!("nothing called {other} is to be seen"),
        };
        Ok(match look {
            "balances" => seen(ask!(balances)),
            "next_expiry" => seen(ask!(next_expiry)),
            _ => ask!(wallet).map(|seen| wallet(seen).unwrap()).map_err(|error| refusal(&error)),
        })
    }

    /// Each journal leads to its account, and nothing in it contradicts what came before (rule J2).
    fn replays(&mut self) -> Checked {
        let profiles: Result<Vec<_>, _> = self.ledger.at(self.latest).profiles().collect();
        for profile in profiles.map_err(|error| error.to_string())? {
            let wallet =
                self.ledger.at(self.latest).wallet(profile.profile_id).map_err(|error| error.to_string())?;
            let account = wallet.account();
            let replay = |entries| {
                let replayed = Account::replay(account.profile().copied(), account.number(), entries);
                replayed.map_err(|error| error.to_string())
            };
            if &replay(wallet.written())? != account {
                return Err("replaying leads elsewhere".to_owned());
            }
            replay(wallet.journal())?;
        }
        Ok(())
    }

    fn read<T: serde::de::DeserializeOwned>(&self, body: &RawValue) -> Result<T, String> {
        json::read(self.fill(body).as_bytes()).map_err(|error| error.to_string())
    }

    /// The text with what was saved put in.
    fn fill(&self, body: &RawValue) -> String {
        let longest_first = self.saved.iter().rev();
        longest_first.fold(body.get().to_owned(), |text, (name, id)| {
            text.replace(&format!("\"${name}\""), &id.to_string())
        })
    }

    fn compare(&self, expected: Option<&RawValue>, found: &Value) -> Checked {
        let Some(expected) = expected else { return Ok(()) };
        let expected: Value = serde_json::from_str(&self.fill(expected)).unwrap();
        matching::matches(&expected, found)
            .map_err(|place| format!("at `{place}`: expected {expected}, found {found}"))
    }
}

/// The outcome of each row, or the code of its refusal.
fn told(answers: &[Answer<Request, MemoryError>]) -> Vec<Value> {
    let told = |answer: &Answer<Request, MemoryError>| match answer {
        Ok(receipt) => unwrap_one(serde_json::to_value(&receipt.outcome).unwrap()),
        Err(error) => value!(error.code()),
    };
    answers.iter().map(told).collect()
}

fn through_json(account: &Account) -> Account {
    serde_json::from_str(&serde_json::to_string(account).unwrap()).unwrap()
}

type Looked = Result<Value, (String, Value)>;

fn seen<T: serde::Serialize, E: StoreError>(answer: Result<T, Error<E>>) -> Looked {
    answer.map(|answer| serde_json::to_value(answer).unwrap()).map_err(|error| refusal(&error))
}

fn refusal<E: StoreError>(error: &Error<E>) -> (String, Value) {
    let numbers = error.rejection().map(|rejection| unwrap_one(serde_json::to_value(rejection).unwrap()));
    (error.code().to_owned(), numbers.unwrap_or_default())
}

/// `{"redeem": {…}}` to what is inside.
fn unwrap_one(tagged: Value) -> Value {
    match tagged {
        Value::Object(fields) if fields.len() == 1 => fields.into_iter().next().unwrap().1,
        other => other,
    }
}

/// Whether a request names a lot and not whose it is: then it cannot carry a key.
fn is_anybodys(request: &Request) -> bool {
    match request {
        Request::Revoke(revoke) => revoke.profile_id.is_none(),
        Request::Adjust(adjust) => adjust.profile_id.is_none(),
        Request::Reassign(reassign) => reassign.from.is_none(),
        _ => false,
    }
}
