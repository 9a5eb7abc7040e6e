//! The books: every journal entry that changes what is owed as a balanced posting, and the balance at each day's end.

mod accounts;
mod text;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use accounts::BookAccounts;
pub use text::BookFormat;
use text::Line;

use super::changes::{OwnedChange, walk};
use super::cuts::{Cuts, CutsError};
use crate::account::Corrupt;
use crate::id::ProfileNumber;
use crate::journal::LotKind;
use crate::program::Program;
use crate::time::Zone;
use crate::value::Sum;
use crate::view::ProfileJournal;

/// The books of a range of whole days, written out profile by profile.
///
/// An entry that changes what a customer owns is one transaction, in money or points or both: the liability account on one
/// side, and on the other the account of its reason, as a [`BookAccounts`] has them. What fell due is booked at its own instant,
/// whether or not anything swept it. After all profiles come the balances at each day's end, which the reader checks; so a
/// posting that gets lost on the way is found. The same ledger and days are always the same bytes.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let now = "2025-06-15T14:32:00+10:00".parse()?;
/// # let mut till = ledger.at(now);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)).valid_for(30, PeriodType::Days);
/// # let ten = till.commit(Define::from(ten))?;
/// use scrip::report::{BookAccounts, BookFormat, Books};
///
/// till.commit(IssueReward::new(alice, ten.id))?;
/// let day = "2025-06-15".parse()?;
/// let program = ledger.program().clone();
/// let mut books = Books::new(&program, BookAccounts::default(), BookFormat::Beancount, day, day)?;
/// let mut text = books.head();
/// for journal in ledger.at(now).journals() {
///     books.add(&journal?, &mut text)?;
/// }
/// let (end, cursor) = books.finish()?;
/// text += &end;
/// assert!(text.contains(
///     "2025-06-15 * \"issued\" ^1-1\n  Liabilities:Loyalty:Rewards  -10.00 AUD\n  Expenses:Loyalty:Granted  10.00 AUD\n"
/// ));
/// assert!(text.contains("2025-06-16 balance Liabilities:Loyalty:Rewards  -10.00 ~ 0 AUD\n"));
///
/// // The next export goes on after that day, and checks that nothing was written into it since.
/// let next = Books::resume(&program, BookAccounts::default(), BookFormat::Beancount, cursor, "2025-06-30".parse()?);
/// assert!(next.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Books {
    accounts: BookAccounts,
    format: BookFormat,
    zone: Zone,
    /// The commodity of each kind of value, and its decimals.
    commodities: [(String, u8); 2],
    days: Cuts,
    /// The cursor that they go on from.
    from: Option<BooksCursor>,
    /// What was owed before the first day, in each kind.
    opening: [Sum; 2],
    /// By how much it grew on each day.
    growth: Vec<[Sum; 2]>,
}

/// Where books go on: the last day that was exported, and what was owed at its end.
///
/// Keep it beside the exported file, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BooksCursor {
    /// The last day.
    #[serde(serialize_with = "super::day", deserialize_with = "super::read_day")]
    pub through: NaiveDate,
    /// The money that was owed at its end.
    pub rewards: Sum,
    /// The points that were owed at its end.
    pub points: Sum,
}

/// Why there can be no such books.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BooksError {
    /// A name that cannot be an account.
    #[error(
        "`{field}`: `{name}` is not an account: expected Assets, Liabilities, Equity, Income or Expenses, then parts that begin with a capital letter or a digit, separated by colons"
    )]
    Account {
        /// The field of the map.
        field: &'static str,
        /// Its value.
        name: String,
    },
    /// A name that cannot be a commodity.
    #[error("`points_commodity`: `{name}` is not a commodity: expected 2 to 24 capital letters")]
    Commodity {
        /// The name.
        name: String,
    },
    /// The days are not in order, or too many.
    #[error(transparent)]
    Days(#[from] CutsError),
    /// Something was written into days that were exported before.
    #[error(
        "what was owed at the end of {} is not what the last export said ({expected} then, {found} now): an entry was written into days that were exported; export these days anew", cursor.through
    )]
    Changed {
        /// Where the books go on.
        cursor: Box<BooksCursor>,
        /// What the last export said.
        expected: Sum,
        /// What the journals say now.
        found: Sum,
    },
}

impl BooksError {
    /// A stable code for programs to act on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Account { .. } => "invalid_account",
            Self::Commodity { .. } => "invalid_commodity",
            Self::Days(error) => error.code(),
            Self::Changed { .. } => "books_changed",
        }
    }
}

/// What is booked. Points that cannot be redeemed (rule K1) are owed to nobody.
const KINDS: [LotKind; 2] = [LotKind::Reward, LotKind::Point];

impl Books {
    /// New books of the days from the first to the last, both included, in the program's zone.
    ///
    /// # Errors
    /// An account or commodity has no valid name, or the days are not in order.
    pub fn new(
        program: &Program,
        accounts: BookAccounts,
        format: BookFormat,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Self, BooksError> {
        accounts.check()?;
        let settings = program.settings();
        let (zone, currency) = (settings.timezone, settings.currency);
        let money = (currency.code().to_owned(), currency.minor_unit());
        let points = (accounts.points_commodity.clone(), settings.point_scale);
        let days = Cuts::days(zone, first, last)?;
        let growth = vec![[Sum::ZERO; 2]; days.spans().len()];
        let commodities = [money, points];
        Ok(Self { accounts, format, zone, commodities, days, from: None, opening: [Sum::ZERO; 2], growth })
    }

    /// Books that go on after the last day of others, through another day.
    ///
    /// # Errors
    /// As [`Books::new`].
    pub fn resume(
        program: &Program,
        accounts: BookAccounts,
        format: BookFormat,
        cursor: BooksCursor,
        last: NaiveDate,
    ) -> Result<Self, BooksError> {
        let first = cursor.through.succ_opt().unwrap_or(cursor.through);
        let books = Self::new(program, accounts, format, first, last)?;
        Ok(Self { from: Some(cursor), ..books })
    }

    /// What stands before the first posting: the accounts, in new books.
    pub fn head(&self) -> String {
        let accounts = self.accounts.all().map(|(_, name)| name);
        let first = self.zone.local(self.days.start()).date();
        let commodities = self.commodities.each_ref().map(|(name, _)| name.as_str());
        self.format.head(first, &accounts, commodities, self.from.is_none())
    }

    /// Writes the postings of a profile.
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is booked.
    pub fn add(&mut self, journal: &ProfileJournal, to: &mut String) -> Result<(), Corrupt> {
        let mut changes = Vec::new();
        walk(journal, self.days.end(), &mut |_, change| {
            if KINDS.contains(&change.kind) {
                changes.push(change);
            }
        })?;
        for entry in changes.chunk_by(|one, other| one.sequence == other.sequence) {
            self.book(journal.number, entry, to);
        }
        Ok(())
    }

    /// Books the changes of one entry.
    fn book(&mut self, number: ProfileNumber, changes: &[OwnedChange], to: &mut String) {
        let Some(first) = changes.first() else { return };
        let period = self.days.period(first.at);
        let sums = match period {
            Some(day) => self.growth.get_mut(day),
            None => Some(&mut self.opening),
        };
        if let Some(sums) = sums {
            for change in changes {
                let [money, points] = sums;
                let sum = if change.kind == LotKind::Reward { money } else { points };
                *sum = sum.plus(change.value.into());
            }
        }
        if period.is_none() {
            return;
        }
        let mut flows: Vec<(LotKind, crate::journal::Flow, Sum)> = Vec::new();
        for change in changes {
            match flows.iter_mut().find(|(kind, flow, _)| (*kind, *flow) == (change.kind, change.flow)) {
                Some((.., sum)) => *sum = sum.plus(change.value.into()),
                None => flows.push((change.kind, change.flow, change.value.into())),
            }
        }
        let lines: Vec<Line<'_>> = flows
            .iter()
            .flat_map(|(kind, flow, value)| {
                let liability = self.line(*kind, self.accounts.liability(*kind), Sum::ZERO.minus(*value));
                [liability, self.line(*kind, self.accounts.reason(*flow), *value)]
            })
            .collect();
        let mut names: Vec<&str> = flows.iter().map(|(_, flow, _)| flow.name()).collect();
        names.dedup();
        let day = self.zone.local(first.at).date();
        self.format.transaction(day, (number, first.sequence), &names, &lines, to);
    }

    fn line<'a>(&'a self, kind: LotKind, account: &'a str, amount: Sum) -> Line<'a> {
        let [money, points] = &self.commodities;
        let (commodity, decimals) = if kind == LotKind::Reward { money } else { points };
        Line { account, amount, commodity, decimals: *decimals }
    }

    /// What stands after the last posting: the opening balance, in new books, and the balances at each day's end. With it, where
    /// the next books go on.
    ///
    /// # Errors
    /// An entry was written into the days before the cursor since these were exported: [`BooksError::Changed`].
    pub fn finish(&self) -> Result<(String, BooksCursor), BooksError> {
        let mut text = String::new();
        match &self.from {
            Some(cursor) => self.check_opening(cursor)?,
            None => self.open(&mut text),
        }
        let mut sums = self.opening;
        let mut last = self.zone.local(self.days.start()).date();
        for (span, growth) in self.days.spans().zip(&self.growth) {
            last = self.zone.local(span.closes_at()).date();
            sums.iter_mut().zip(growth).for_each(|(sum, growth)| *sum = sum.plus(*growth));
            let balance = |(kind, sum): (LotKind, &Sum)| {
                self.line(kind, self.accounts.liability(kind), Sum::ZERO.minus(*sum))
            };
            let lines: Vec<Line<'_>> = KINDS.into_iter().zip(&sums).map(balance).collect();
            self.format.balance(last, &lines, &mut text);
        }
        let [rewards, points] = sums;
        Ok((text, BooksCursor { through: last, rewards, points }))
    }

    fn open(&self, text: &mut String) {
        let opened = KINDS.into_iter().zip(self.opening).filter(|(_, sum)| *sum != Sum::ZERO);
        let lines: Vec<Line<'_>> = opened
            .flat_map(|(kind, sum)| {
                let liability = self.line(kind, self.accounts.liability(kind), Sum::ZERO.minus(sum));
                [liability, self.line(kind, &self.accounts.opening, sum)]
            })
            .collect();
        if !lines.is_empty() {
            let first = self.zone.local(self.days.start()).date();
            self.format.transaction(first, (ProfileNumber::CATALOGUE, 0), &["opening"], &lines, text);
        }
    }

    fn check_opening(&self, cursor: &BooksCursor) -> Result<(), BooksError> {
        for (expected, found) in [cursor.rewards, cursor.points].into_iter().zip(self.opening) {
            if expected != found {
                return Err(BooksError::Changed { cursor: Box::new(cursor.clone()), expected, found });
            }
        }
        Ok(())
    }
}
