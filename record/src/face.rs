//! The calls of the public interface, all in this file: when the interface changes, only this file does, and each side of a
//! comparison is built with its own.
//!
//! Everything comes and goes as JSON text. What later requests are made from (ids, sums, ends) is read from the typed
//! answers, so that a new spelling of an answer moves nothing.

use chrono::TimeDelta;
use scrip::id::{Handle, ProfileNumber};
use scrip::outcome::{Disposition, Lot};
use scrip::store::{AsOf, MemoryStore, Position, Scan};
use scrip::time::Expiry;
use scrip::value::Quantity;
use scrip::view::Cursor;
use scrip::{
    Amount, Command, Error, Ledger, LotId, Outcome, ProfileId, Program, Receipt, Redeem, Redemption,
    Rejection, Request, Timestamp, Transaction, json,
};
use serde_json::{Value, json as object};

macro_rules! line {
    ($shown:expr) => {
        serde_json::to_string(&$shown).unwrap()
    };
}

/// A ledger over a store in memory, with one program.
pub struct Face {
    ledger: Ledger<MemoryStore>,
    cursor: Cursor,
}

/// What became of a request.
pub struct Answer {
    pub verdict: Verdict,
    /// The code of a rejection.
    pub code: Option<&'static str>,
    /// The whole of it, as JSON.
    pub text: String,
    pub news: News,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Done,
    Replayed,
    Existing,
    Rejected,
    Unreadable,
}

/// What an answer tells that later requests can be about. Sums are in ten-thousandths, instants in microseconds.
#[derive(Default)]
pub struct News {
    pub profile: Option<String>,
    /// Its id, whether it is of rewards, and its handle.
    pub definition: Option<(u64, bool, String)>,
    pub lots: Vec<(u64, i64)>,
    pub redemption: Option<(u64, i64)>,
    pub hold: Option<(u64, i64)>,
    pub transaction: Option<(u64, i64)>,
    /// When something expires, lapses or becomes available.
    pub ends: Vec<i64>,
}

/// As of when to look.
#[derive(Clone, Copy)]
pub enum Seen {
    Now(i64),
    At(i64),
    After(u32),
}

type Failure = Error<scrip::store::MemoryError>;

impl Face {
    pub fn new(program: &str) -> Self {
        let program: Program = json::read(program.as_bytes()).unwrap();
        Self { ledger: Ledger::new(program, MemoryStore::new()), cursor: Cursor::START }
    }

    /// Every code of a rejection.
    pub fn codes() -> Vec<&'static str> {
        [Rejection::CODES, &["key_reused"]].concat()
    }

    pub fn run(&mut self, command: &str) -> Answer {
        match read(command) {
            Ok(command) => answer(self.ledger.run(&command)),
            Err(answer) => *answer,
        }
    }

    pub fn run_all(&mut self, commands: &[String]) -> Vec<Answer> {
        let read: Vec<_> = commands.iter().map(|command| read(command)).collect();
        let good: Vec<Command> = read.iter().filter_map(|read| read.as_ref().ok().cloned()).collect();
        let mut answers = self.ledger.run_all(&good).into_iter();
        let answered = |read: Result<Command, Box<Answer>>| match read {
            Ok(_) => answer(answers.next().unwrap()),
            Err(answer) => *answer,
        };
        read.into_iter().map(answered).collect()
    }

    pub fn sweep_all(&mut self, at: i64) -> Vec<String> {
        let swept: Vec<_> = self.ledger.at(time(at)).sweep_all().collect();
        swept.into_iter().map(|swept| text(swept, |swept| line!(swept))).collect()
    }

    pub fn quote(&mut self, at: i64, redeem: &str) -> String {
        match json::read::<Redeem>(redeem.as_bytes()) {
            Ok(redeem) => text(self.ledger.at(time(at)).quote(&redeem), |quote| {
                object!({
                    "requested": quote.requested, "total": quote.total, "items": quote.items,
                    "unused": quote.unused, "version": quote.version,
                })
                .to_string()
            }),
            Err(error) => object!({"unreadable": error.to_string()}).to_string(),
        }
    }

    pub fn balances(&mut self, profile: &str, seen: Seen) -> String {
        let profile = id(profile);
        let balances = match past(seen) {
            Ok(now) => self.ledger.at(now).balances(profile),
            Err(as_of) => self.ledger.as_of(as_of).balances(profile),
        };
        text(balances, |balances| line!(balances))
    }

    pub fn next_expiry(&mut self, profile: &str, seen: Seen) -> String {
        let profile = id(profile);
        let next = match past(seen) {
            Ok(now) => self.ledger.at(now).next_expiry(profile),
            Err(as_of) => self.ledger.as_of(as_of).next_expiry(profile),
        };
        text(next, |next| line!(next))
    }

    /// A few lots of a profile.
    pub fn lots(&mut self, profile: &str, at: i64, ids: &[u64]) -> String {
        let ids: Vec<LotId> = ids.iter().map(|id| LotId::new(*id).unwrap()).collect();
        text(self.ledger.at(time(at)).lots(id(profile), &ids), |known| {
            let lot =
                |known: &scrip::outcome::LotSnapshot| (known.lot.clone(), known.written_at, known.changed_at);
            line!((known.version, known.lots.iter().map(lot).collect::<Vec<_>>()))
        })
    }

    /// Everything about a profile, each with what it is.
    pub fn wallet(&mut self, profile: &str, seen: Seen) -> Vec<(&'static str, String)> {
        let profile = id(profile);
        let wallet = match past(seen) {
            Ok(now) => self.ledger.at(now).wallet(profile),
            Err(as_of) => self.ledger.as_of(as_of).wallet(profile),
        };
        let wallet = match wallet {
            Ok(wallet) => wallet,
            Err(error) => return vec![("wallet", refused(&error))],
        };
        let head =
            object!({"profile": wallet.profile_id(), "at": wallet.at(), "balances": wallet.balances()});
        let mut all = vec![("wallet", head.to_string())];
        let lot = |id: LotId, lot: String| {
            let times =
                wallet.lot_times(id).map(|times| (times.created_at, times.updated_at, times.extended_at));
            let (times, moved_to) = (line!(times), line!(wallet.moved_to(id)));
            format!("{{\"lot\":{lot},\"times\":{times},\"moved_to\":{moved_to}}}")
        };
        all.extend(wallet.rewards().iter().map(|reward| ("reward", lot(reward.id, line!(reward)))));
        all.extend(wallet.points().iter().map(|points| ("points", lot(points.id, line!(points)))));
        all.extend(wallet.redemptions().map(|redemption| ("redemption", line!(redemption))));
        all.extend(wallet.returns().iter().map(|back| ("return", line!(back))));
        all.extend(wallet.holds().map(|hold| ("hold", line!(hold))));
        all.extend(wallet.transactions().map(|sale| ("transaction", line!(sale))));
        all
    }

    /// A profile's journal, entry by entry.
    pub fn journal(&mut self, profile: &str, at: i64) -> Vec<String> {
        match self.ledger.at(time(at)).wallet(id(profile)) {
            Ok(wallet) => wallet.journal().iter().map(|entry| line!(entry)).collect(),
            Err(error) => vec![refused(&error)],
        }
    }

    pub fn catalogue(&mut self, seen: Seen) -> Vec<String> {
        let catalogue = match past(seen) {
            Ok(now) => self.ledger.at(now).catalogue(),
            Err(as_of) => self.ledger.as_of(as_of).catalogue(),
        };
        match catalogue {
            Ok(catalogue) => catalogue.iter().map(|defined| line!(defined)).collect(),
            Err(error) => vec![refused(&error)],
        }
    }

    /// The journal of the definitions.
    pub fn catalogue_journal(&mut self) -> Vec<String> {
        let feed = self.ledger.store().feed(&Position::START, usize::MAX).unwrap();
        let of_catalogue = feed.entries.iter().filter(|written| written.number == ProfileNumber::CATALOGUE);
        of_catalogue.map(|written| line!(written.entry)).collect()
    }

    /// What is new, and what expires within a week. The order among profiles is the store's own, so they are sorted.
    pub fn events(&mut self, at: i64) -> Vec<String> {
        let events = self.ledger.at(time(at)).events(&self.cursor, TimeDelta::days(7), 1_000_000);
        match events {
            Ok(mut page) => {
                self.cursor = page.cursor;
                page.events.sort_by_key(|event| event.profile_id);
                page.events.iter().map(|event| line!(event)).collect()
            }
            Err(error) => vec![refused(&error)],
        }
    }

    /// Everything that ever happened, page by page.
    pub fn paged_events(&mut self, at: i64) -> Vec<String> {
        let (mut cursor, mut events) = (Cursor::START, Vec::new());
        loop {
            let page = self.ledger.at(time(at)).events(&cursor, TimeDelta::zero(), 7).unwrap();
            events.extend(page.events);
            if !page.more {
                events.sort_by_key(|event| event.profile_id);
                return events.iter().map(|event| line!(event)).collect();
            }
            cursor = page.cursor;
        }
    }

    pub fn with_transaction(&mut self, external_id: &str, at: i64) -> String {
        let external_id = external_id.parse().unwrap();
        text(self.ledger.at(time(at)).profiles_with_transaction(&external_id, 100), |found| line!(found))
    }
}

fn read(command: &str) -> Result<Command, Box<Answer>> {
    json::read::<Command<Request>>(command.as_bytes()).map_err(|error| {
        let text = object!({"unreadable": {"path": error.path, "message": error.message}}).to_string();
        Box::new(Answer { verdict: Verdict::Unreadable, code: None, text, news: News::default() })
    })
}

fn answer(result: Result<Receipt<Outcome>, Failure>) -> Answer {
    let receipt = match result {
        Ok(receipt) => receipt,
        Err(error) => {
            let (code, text) = (Some(error.code()), refused(&error));
            return Answer { verdict: Verdict::Rejected, code, text, news: News::default() };
        }
    };
    let (verdict, word) = match receipt.disposition {
        Disposition::New => (Verdict::Done, "done"),
        Disposition::Replayed => (Verdict::Replayed, "replayed"),
        Disposition::Existing => (Verdict::Existing, "existing"),
    };
    let text = format!("{{\"{word}\":{}}}", line!(receipt.outcome));
    Answer { verdict, code: None, text, news: news(&receipt.outcome) }
}

fn refused(error: &Failure) -> String {
    let numbers = match error {
        Error::Rejected(rejection) => object!(rejection),
        Error::KeyReused(reused) => object!(reused),
        _ => Value::Null,
    };
    let said = object!({"code": error.code(), "message": error.to_string(), "numbers": numbers});
    object!({"rejected": said}).to_string()
}

fn text<T>(result: Result<T, Failure>, show: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| refused(&error), show)
}

fn news(outcome: &Outcome) -> News {
    let mut news = News::default();
    match outcome {
        Outcome::Define(defined) | Outcome::Redefine(defined) | Outcome::ArchiveDefinition(defined) => {
            let is_reward = matches!(defined.definition, scrip::definition::Definition::Reward(_));
            let handle: &Handle = defined.definition.handle();
            news.definition = Some((defined.id.get(), is_reward, handle.to_string()));
        }
        Outcome::IssueReward(reward) => news.lot(reward, reward.value_remaining.ten_thousandths()),
        Outcome::IssuePoints(points) => news.lot(points, points.value_remaining.ten_thousandths()),
        Outcome::Redeem(redemption) | Outcome::CaptureHold(redemption) => news.redemption(redemption),
        Outcome::PlaceHold(hold) | Outcome::ReleaseHold(hold) => {
            news.profile = Some(hold.profile_id.to_string());
            news.hold = Some((hold.id.get(), raw(hold.total)));
            news.ends.push(hold.expires_at.micros());
        }
        Outcome::ReturnRedemption(back) | Outcome::ReverseRedemption(back) => {
            news.profile = Some(back.profile_id.to_string());
            news.lots.extend(back.items.iter().filter_map(|item| match item.to {
                scrip::journal::ReturnedTo::NewLot(lot) => Some((lot.get(), quantity(item.value()))),
                _ => None,
            }));
        }
        Outcome::Extend(extended) => {
            news.ends.extend(extended.lots.iter().filter_map(|lot| end(lot.expires_at)));
        }
        Outcome::Adjust(corrected) | Outcome::Revoke(corrected) => {
            news.ends.extend(end(corrected.lot.expires_at));
        }
        Outcome::PostTransaction(sale)
        | Outcome::UpdateTransaction(sale)
        | Outcome::DeleteTransaction(sale) => news.transaction(sale),
        Outcome::ReturnTransaction(back) => news.transaction(&back.transaction),
        Outcome::Sweep(swept) => news.ends.extend(swept.next_deadline.map(Timestamp::micros)),
        _ => {}
    }
    news
}

impl News {
    fn lot<Q>(&mut self, lot: &Lot<Q>, remaining: i64) {
        self.profile = Some(lot.profile_id.to_string());
        self.lots.push((lot.id.get(), remaining));
        self.ends.extend(end(lot.expires_at));
        self.ends.push(lot.available_at.micros());
    }

    fn redemption(&mut self, redemption: &Redemption) {
        self.profile = Some(redemption.profile_id.to_string());
        self.redemption = Some((redemption.id.get(), raw(redemption.total)));
    }

    fn transaction(&mut self, sale: &Transaction) {
        self.profile = Some(sale.profile_id.to_string());
        self.transaction = Some((sale.id.get(), raw(sale.total)));
        let earned =
            sale.earned.first().and_then(|earned| Some((earned.lot?.get(), earned.points.ten_thousandths())));
        self.lots.extend(earned);
    }
}

fn raw(amount: Amount) -> i64 {
    amount.ten_thousandths()
}

fn quantity(quantity: Quantity) -> i64 {
    quantity.ten_thousandths()
}

fn end(expiry: Expiry) -> Option<i64> {
    expiry.instant().map(Timestamp::micros)
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn id(profile: &str) -> ProfileId {
    ProfileId::new(profile).unwrap()
}

/// Now, or else as of when.
fn past(seen: Seen) -> Result<Timestamp, AsOf> {
    match seen {
        Seen::Now(at) => Ok(time(at)),
        Seen::At(at) => Err(AsOf::At(time(at))),
        Seen::After(sequence) => Err(AsOf::Sequence(sequence)),
    }
}
