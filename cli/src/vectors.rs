//! `scrip vectors`: the language-neutral cases against any program that reads a request a line and answers a line.

/// The same as in the crate's own tests.
#[path = "../../tests/vectors/matching.rs"]
mod matching;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::{Failure, Status, say};
use crate::place;

/// The program that is meant where a case names none.
const PROGRAM: &str = r#"{"currency":"AUD","timezone":"Australia/Melbourne"}"#;
/// What each case begins with.
const BEFORE: [&str; 2] = [
    r#"{"at":"2025-01-01T00:00:00Z","do":{"define":{"reward":{"handle":"ten","name":"Ten","value":10}}}}"#,
    r#"{"at":"2025-01-01T00:00:00Z","do":{"define":{"point":{"handle":"points","name":"Points"}}}}"#,
];
const FIRST: &str = "2025-01-01T00:00:00Z";

/// What `scrip vectors` is called with.
#[derive(Clone, Debug, clap::Args)]
pub struct VectorArgs {
    /// The folder with the cases
    folder: PathBuf,
    /// Only the cases of this rule, such as C1
    #[arg(long)]
    rule: Option<String>,
    /// The program to test, and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    name: String,
    #[serde(default)]
    program: Option<Box<RawValue>>,
    steps: Vec<Step>,
}

/// A step: what is sent, and what is expected. Kept as text, so that no number goes through a float.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: Option<Box<RawValue>>,
    key: Option<Box<RawValue>>,
    #[serde(rename = "do")]
    request: Option<Box<RawValue>>,
    do_all: Option<Box<RawValue>>,
    parse: Option<Box<RawValue>>,
    look: Option<Box<RawValue>>,
    profile_id: Option<Box<RawValue>>,
    redeem: Option<Box<RawValue>>,
    as_of: Option<Box<RawValue>>,
    earned: Option<Box<RawValue>>,
    fails_at: Option<String>,
    save: Option<String>,
    expect: Option<Box<RawValue>>,
    refuse: Option<String>,
    with: Option<Box<RawValue>>,
}

/// An answer: one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Ok(Value),
    Refused {
        code: String,
        #[serde(default)]
        numbers: Value,
    },
    /// The request cannot even be read: which field is wrong.
    FailsAt(String),
    /// The program does not do such a thing: the case is left out.
    Unsupported(#[allow(dead_code)] Value),
}

/// Why a case was left before its end.
enum Left {
    Differs(String),
    Unsupported,
    Broken(Failure),
}

impl From<Failure> for Left {
    fn from(failure: Failure) -> Self {
        Self::Broken(failure)
    }
}

#[derive(Default)]
struct Tally {
    agree: usize,
    differ: usize,
    unsupported: usize,
}

pub fn run(args: &VectorArgs) -> Result<Status, Failure> {
    let mut other = Other::start(&args.command)?;
    let mut tally = Tally::default();
    for (file, case) in cases(&args.folder)? {
        if args.rule.as_ref().is_some_and(|rule| !rule.eq_ignore_ascii_case(&case.rule)) {
            continue;
        }
        match other.case(&case) {
            Ok(()) => tally.agree += 1,
            Err(Left::Unsupported) => tally.unsupported += 1,
            Err(Left::Differs(what)) => {
                tally.differ += 1;
                say(&format!("{file}, rule {}, {}: {what}\n", case.rule, case.name))?;
            }
            Err(Left::Broken(failure)) => return Err(failure),
        }
    }
    let Tally { agree, differ, unsupported } = tally;
    say(&format!("{agree} cases agree, {differ} differ, {unsupported} are not supported\n"))?;
    if agree + differ == 0 {
        return Err(Failure::new("no case was run to its end, so nothing is known"));
    }
    Ok(if differ == 0 { Status::Done } else { Status::Differs })
}

fn cases(folder: &PathBuf) -> Result<Vec<(String, Case)>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of(folder.display(), error);
    let files = std::fs::read_dir(folder).map_err(|error| failed(&error))?;
    let files: Result<Vec<_>, _> = files.map(|file| file.map(|file| file.path())).collect();
    let mut files = files.map_err(|error| failed(&error))?;
    files.retain(|path| path.extension().is_some_and(|end| end == "json"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read: Vec<Case> = serde_json::from_slice(&place::read(&path)?)
            .map_err(|error| Failure::of(path.display(), &error))?;
        cases.extend(read.into_iter().map(|case| (name.clone(), case)));
    }
    Ok(cases)
}

/// The program that is tested.
struct Other {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    at: String,
    saved: BTreeMap<String, String>,
}

impl Other {
    fn start(command: &[OsString]) -> Result<Self, Failure> {
        let (name, arguments) = command.split_first().ok_or_else(|| Failure::new("no program to test"))?;
        let spawned = Command::new(name).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| Failure::of(name.display(), &error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok(Self {
                child,
                to,
                from: BufReader::new(from),
                at: FIRST.to_owned(),
                saved: BTreeMap::new(),
            }),
            _ => Err(Failure::new("the program to test cannot be talked to")),
        }
    }

    fn case(&mut self, case: &Case) -> Result<(), Left> {
        FIRST.clone_into(&mut self.at);
        self.saved.clear();
        let program = case.program.as_ref().map_or(PROGRAM, |program| program.get());
        let begin = format!("{{\"begin\":{}}}", one_line(program));
        for line in std::iter::once(begin.as_str()).chain(BEFORE) {
            match self.ask(line)? {
                Answer::Ok(_) => {}
                Answer::Unsupported(_) => return Err(Left::Unsupported),
                other => return Err(Left::Differs(format!("to {line}: {other:?}"))),
            }
        }
        for (place, step) in case.steps.iter().enumerate() {
            let in_step = |what| Left::Differs(format!("step {}: {what}", place + 1));
            self.step(step, &in_step)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, differs: &dyn Fn(String) -> Left) -> Result<(), Left> {
        if let Some(at) = &step.at {
            self.at = at.get().trim_matches('"').to_owned();
        }
        let line = self.line(step);
        match (self.ask(&line)?, &step.refuse, &step.fails_at) {
            (Answer::Unsupported(_), ..) => Err(Left::Unsupported),
            (Answer::Ok(outcome), None, None) => {
                if let Some(name) = &step.save {
                    let id = outcome.get("id").ok_or_else(|| differs(format!("{outcome} has no id")))?;
                    self.saved.insert(name.clone(), id.to_string());
                }
                self.compare(step.expect.as_deref(), &outcome).map_err(differs)
            }
            (Answer::Refused { code, numbers }, Some(expected), _) if code == *expected => {
                self.compare(step.with.as_deref(), &numbers).map_err(differs)
            }
            (Answer::FailsAt(field), _, Some(expected)) if field.ends_with(expected.as_str()) => Ok(()),
            (answer, Some(code), _) => Err(differs(format!("expected refusal {code}, found {answer:?}"))),
            (answer, _, Some(field)) => {
                Err(differs(format!("expected failure at {field}, found {answer:?}")))
            }
            (answer, None, None) => Err(differs(format!("expected an outcome, found {answer:?}"))),
        }
    }

    /// What is sent for a step: what it says, without what is expected.
    fn line(&self, step: &Step) -> String {
        let parts = [
            ("key", &step.key),
            ("do", &step.request),
            ("do_all", &step.do_all),
            ("parse", &step.parse),
            ("look", &step.look),
            ("profile_id", &step.profile_id),
            ("redeem", &step.redeem),
            ("as_of", &step.as_of),
            ("earned", &step.earned),
        ];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let said: String =
            parts.map(|(name, value)| format!(",\"{name}\":{}", one_line(&self.fill(value.get())))).collect();
        format!("{{\"at\":\"{}\"{said}}}", self.at)
    }

    /// A text with the ids that were saved put in.
    fn fill(&self, text: &str) -> String {
        // The longest name first, as one may begin with another.
        let names = self.saved.iter().rev();
        names.fold(text.to_owned(), |text, (name, id)| text.replace(&format!("\"${name}\""), id))
    }

    fn compare(&self, expected: Option<&RawValue>, found: &Value) -> Result<(), String> {
        let Some(expected) = expected else { return Ok(()) };
        let expected: Value =
            serde_json::from_str(&self.fill(expected.get())).map_err(|error| error.to_string())?;
        matching::matches(&expected, found)
            .map_err(|place| format!("at `{place}`: expected {expected}, found {found}"))
    }

    fn ask(&mut self, line: &str) -> Result<Answer, Failure> {
        let sent = writeln!(self.to, "{line}").and_then(|()| self.to.flush());
        sent.map_err(|error| Failure::of(format_args!("the program to test ended before {line}"), &error))?;
        let mut answer = String::new();
        let read = self.from.read_line(&mut answer);
        if read.map_err(|error| Failure::of("the program to test", &error))? == 0 {
            return Err(Failure::new(format!("the program to test ended instead of answering {line}")));
        }
        serde_json::from_str(&answer)
            .map_err(|error| Failure::of(format_args!("the answer {} to {line}", answer.trim()), &error))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// JSON has no line breaks inside its texts, so those between can go.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
