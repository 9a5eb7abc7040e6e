//! One ledger: requests one after the other and in batches, and a line about each.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::clock::{DAY, HOUR, SECOND, instant, micros};
use crate::face::{Answer, Face, Verdict};
use crate::generate::{KINDS, Maker, raise, spell};
use crate::known::{Known, Sent};
use crate::program::{Program, program};
use crate::scripted;
use crate::tally::Tally;
use crate::views;

/// Shortly before a clock is put forward or back somewhere, or a day is skipped.
const STARTS: [&str; 5] = [
    "2025-04-04T12:00:00Z",
    "2024-10-04T12:00:00Z",
    "2025-03-08T03:00:00Z",
    "2011-12-28T01:00:00Z",
    "2023-10-25T18:00:00Z",
];

/// After how many requests everything is looked at.
const LOOK: usize = 100;

pub struct Run<'a> {
    pub face: Face,
    pub known: Known,
    pub program: Program,
    pub start: i64,
    pub now: i64,
    pub step: usize,
    out: &'a mut dyn Write,
    tally: &'a mut Tally,
    /// The planted fault: one amount is another than the record says.
    plant: bool,
}

/// A command that is about to be sent.
pub struct Prepared {
    sent: Sent,
    text: String,
}

/// Sends so many requests to a new ledger, and writes a line about each.
pub fn run(
    ledger: usize,
    requests: usize,
    plant: bool,
    out: &mut dyn Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let program = program(ledger);
    writeln!(out, "{{\"line\":\"program\",\"kind\":\"program\",\"is\":{}}}", program.text)?;
    let start = micros(STARTS[ledger % STARTS.len()]);
    let (face, known) = (Face::new(&program.text), Known::default());
    let mut run = Run { face, known, program, start, now: start, step: 0, out, tally, plant };
    run.known.merges = ledger.is_multiple_of(3);
    scripted::open(&mut run)?;
    if ledger % 50 == 7 {
        scripted::fill_an_account(&mut run)?;
    }
    if ledger % 30 == 3 {
        scripted::part_a_redemption(&mut run)?;
    }
    let (end, mut next_look) = (run.step + requests, run.step + LOOK);
    while run.step < end {
        let mut chance = Chance::of(ledger as u64, run.step as u64);
        if run.step % 40 < 2 {
            run.known.profiles.push(format!("p{}", run.step));
        }
        let at = run.wait(&mut chance);
        if chance.percent(8) {
            let room = end - run.step;
            run.batch(&mut chance, at, room)?;
        } else {
            let prepared = run.prepare(&mut chance, at);
            run.single(&mut chance, prepared)?;
        }
        if run.step >= next_look {
            next_look += LOOK;
            views::some(&mut run, &mut chance)?;
        }
    }
    views::all(&mut run, &mut Chance::of(ledger as u64, 1 << 40))
}

impl Run<'_> {
    pub fn maker<'b>(&'b self, chance: &'b mut Chance) -> Maker<'b> {
        Maker { chance, known: &self.known, program: &self.program, now: self.now }
    }

    /// Writes down what was seen: the line's name is the same on both sides of a comparison.
    pub fn see(&mut self, kind: &str, name: &str, seen: &str, is: &str) -> io::Result<()> {
        let line = format!("after {}: {kind} {name}", self.step);
        writeln!(
            self.out,
            "{{\"line\":{},\"kind\":\"{kind}\",\"seen\":{},\"is\":{is}}}",
            json!(line),
            json!(seen)
        )
    }

    /// Time goes on, to just before or after something falls due for instance. The answer is when the request says that it
    /// is: a little earlier, now and then.
    fn wait(&mut self, chance: &mut Chance) -> i64 {
        let (ticks, end) = (chance.one_of([-1, 0, 1, SECOND - 1, SECOND]), chance.one_of([0, 0, 0, 1, 2]));
        let (seconds, tolerance) = (chance.between(1, 400) * SECOND, self.program.tolerance_seconds * SECOND);
        let hours = chance.between(1, 30) * HOUR;
        let ends = self.known.next_ends(self.now);
        let edge = ends.get(end % ends.len().max(1)).map_or(self.now + HOUR, |end| end + ticks);
        let edge = if edge > self.now + 60 * DAY { self.now + HOUR } else { edge };
        let mut back = 0;
        self.now += match chance.below(100) {
            0..52 => 0,
            52..62 => 1 + ticks.max(0),
            62..85 => seconds,
            85..88 => hours,
            88 => hours * 12,
            89..93 => (edge - self.now).max(0),
            93..96 => {
                back = seconds;
                0
            }
            96..98 => {
                back = tolerance + ticks.min(1);
                0
            }
            _ => {
                back = tolerance + hours;
                0
            }
        };
        self.now - back
    }

    pub fn command(
        &self,
        kind: &'static str,
        at: i64,
        key: Option<String>,
        request: Value,
        chance: &mut Chance,
    ) -> Prepared {
        let (key, request) = self.with_owner(kind, key, request);
        let spelled = spell(&request, chance);
        let said = key.as_ref().map_or(String::new(), |key| format!("\"key\":{},", json!(key)));
        let text = format!("{{\"at\":\"{}\",{said}\"request\":{spelled}}}", instant(at));
        Prepared { sent: Sent { kind, at, key, request }, text }
    }

    /// A request that names a lot and carries a key says whose the lot is; where nobody knows, it goes without a key.
    fn with_owner(&self, kind: &str, key: Option<String>, mut request: Value) -> (Option<String>, Value) {
        let field = match kind {
            "reassign" => "from",
            "revoke" | "adjust" => "profile_id",
            _ => return (key, request),
        };
        let body = &mut request[kind];
        if key.is_none() || !body[field].is_null() {
            return (key, request);
        }
        match body["id"].as_u64().and_then(|lot| self.known.owner(lot)) {
            Some(owner) => {
                body[field] = json!(owner);
                (key, request)
            }
            None => (None, request),
        }
    }

    fn prepare(&mut self, chance: &mut Chance, at: i64) -> Prepared {
        if chance.percent(9)
            && let Some(repeated) = self.repeat(chance, at)
        {
            return repeated;
        }
        let (is_keyed, is_known) = (chance.percent(35), chance.percent(3));
        let known = chance.recent(&self.known.keyed).and_then(|sent| sent.key.clone());
        let key = if is_known { known } else { is_keyed.then(|| format!("key {}", self.step)) };
        let (kind, request) = self.maker(chance).any();
        // Nothing but its time can be wrong with a sweep.
        let is_early = chance.percent(20) && kind == "sweep";
        let at = if is_early { at - self.program.tolerance_seconds * SECOND - HOUR } else { at };
        let mut prepared = self.command(kind, at, key, request, chance);
        if chance.percent(1) {
            prepared.text = misspelled(&prepared.text, chance);
        }
        prepared
    }

    /// An earlier command again: under its key or without it, with the same content, spelled otherwise, or with other content.
    fn repeat(&mut self, chance: &mut Chance, at: i64) -> Option<Prepared> {
        let list = if chance.percent(75) { &self.known.keyed } else { &self.known.sent };
        let Sent { kind, at: first, mut key, mut request } = chance.recent(list)?.clone();
        let mut when = at;
        match chance.below(20) {
            0..9 => {}
            9..11 => key = None,
            11..14 => {
                raise(&mut request, self.program.cent);
            }
            14..17 => (_, request) = self.maker(chance).of_kind(kind),
            _ => {
                let window = self.program.key_window_seconds.unwrap_or(0) * SECOND;
                when = (first + window + chance.between(-1, 1)).max(at);
                self.now = self.now.max(when);
            }
        }
        Some(self.command(kind, when, key, request, chance))
    }

    pub fn single(&mut self, chance: &mut Chance, prepared: Prepared) -> io::Result<()> {
        if prepared.sent.kind == "redeem" && chance.percent(20) {
            views::quote(self, &prepared.sent.request["redeem"], prepared.sent.at, chance)?;
        }
        let answer = match self.planted(&prepared) {
            Some(text) => self.face.run(&text),
            None => self.face.run(&prepared.text),
        };
        self.plant &= prepared.sent.kind != "redeem" || answer.verdict != Verdict::Done;
        self.answered(prepared, answer, "")
    }

    /// An amount that the record does not say, until it is accepted.
    fn planted(&mut self, prepared: &Prepared) -> Option<String> {
        if !self.plant || prepared.sent.kind != "redeem" {
            return None;
        }
        let Sent { kind, at, key, mut request } = prepared.sent.clone();
        raise(&mut request, self.program.cent);
        Some(self.command(kind, at, key, request, &mut Chance::of(0, 0)).text)
    }

    /// Many commands in one go: of any kind, or of the one or two that come most.
    fn batch(&mut self, chance: &mut Chance, at: i64, room: usize) -> io::Result<()> {
        let (count, sort) = (chance.between(2, 14) as usize, chance.below(4));
        let mut all: Vec<Prepared> = Vec::new();
        while all.len() < count.min(room) {
            let kind = match sort {
                0 => Some("redeem"),
                1 => Some(chance.one_of(["issue_reward", "issue_points", "redeem"])),
                _ => None,
            };
            let key = chance.percent(30).then(|| format!("key {}.{}", self.step, all.len()));
            let earlier = chance.below(all.len());
            let next = match (all.get(earlier).filter(|_| chance.percent(8)), kind) {
                (Some(same), _) => {
                    let Sent { kind, key, request, .. } = same.sent.clone();
                    self.command(kind, at, key, request, chance)
                }
                (None, Some(kind)) => {
                    let (kind, request) = self.maker(chance).of_kind(kind);
                    self.command(kind, at, key, request, chance)
                }
                (None, None) => self.prepare(chance, at),
            };
            all.push(next);
        }
        self.send_batch(all)
    }

    pub fn send_batch(&mut self, all: Vec<Prepared>) -> io::Result<()> {
        let texts: Vec<String> = all.iter().map(|prepared| prepared.text.clone()).collect();
        let answers = self.face.run_all(&texts);
        for (place, (prepared, answer)) in all.into_iter().zip(answers).enumerate() {
            self.answered(prepared, answer, &format!("\"in_batch\":{place},"))?;
        }
        Ok(())
    }

    fn answered(&mut self, prepared: Prepared, answer: Answer, place: &str) -> io::Result<()> {
        let Prepared { sent, text } = prepared;
        let (step, kind) = (self.step, sent.kind);
        let told = &answer.text;
        writeln!(
            self.out,
            "{{\"line\":\"{step}\",\"kind\":\"{kind}\",{place}\"command\":{},\"answer\":{told}}}",
            if answer.verdict == Verdict::Unreadable { json!(text).to_string() } else { text }
        )?;
        self.tally.count(kind, &answer);
        self.step += 1;
        if answer.verdict == Verdict::Done {
            let body = &sent.request[kind];
            let said = |field: &str| body[field].as_str().unwrap_or_default();
            match kind {
                "reassign" => self.known.moved(body["id"].as_u64().unwrap_or(0), said("profile_id")),
                "merge_profiles" => self.known.merged(said("profile_id"), said("into")),
                _ => {}
            }
        }
        self.known.learn(answer.news);
        if sent.key.is_some() {
            self.known.keyed.push(sent.clone());
        }
        self.known.sent.push(sent);
        Ok(())
    }
}

/// What no request says: a negative amount, or an id that is none.
fn misspelled(text: &str, chance: &mut Chance) -> String {
    let (field, wrong) =
        chance.one_of([("amount\":", "-1"), ("_id\":", "true"), ("\"value_initial\":", "\"1e3\"")]);
    match text.split_once(field) {
        Some((before, after)) => format!("{before}{field}{wrong},\"was\":{after}"),
        None => text.replacen(KINDS[0].0, "what", 1),
    }
}
