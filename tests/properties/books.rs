//! The books: the programs that read them accept them, and find what is missing.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use chrono::{Days, NaiveDate};
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::TestRunner;
use scrip::report::{BookAccounts, BookFormat, Books, BooksCursor, BooksError, Cuts};
use scrip::store::AsOf;
use scrip::value::Sum;
use scrip::view::ProfileJournal;
use scrip::{
    Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem, RewardDefinition, json,
};

use crate::liability::{journals, profiles};
use crate::model::world::World;
use crate::model::{generate, programs};
use crate::timestamp;

const FORMATS: [BookFormat; 2] = [BookFormat::Beancount, BookFormat::Hledger];

/// A program that reads books and checks them; `None` where it is missing, which is a failure if it is required.
fn checker(format: BookFormat) -> Option<(PathBuf, &'static [&'static str])> {
    let (program, arguments): (PathBuf, &[&str]) = match format {
        BookFormat::Hledger => ("/usr/bin/hledger".into(), &["check", "--strict", "-f"]),
        _ => (concat!(env!("CARGO_MANIFEST_DIR"), "/target/beancount/bin/bean-check").into(), &[]),
    };
    if program.is_file() {
        return Some((program, arguments));
    }
    let is_required = std::env::var("SCRIP_REQUIRE_BOOKS").is_ok_and(|value| value == "1");
    assert!(!is_required, "{} is not on this machine, and SCRIP_REQUIRE_BOOKS=1", program.display());
    eprintln!("\n*** SKIPPED: there is no {} on this machine ***\n", program.display());
    None
}

/// Whether a program accepts a text, and what it says.
fn accepts((program, arguments): &(PathBuf, &[&str]), file: &Path, text: &str) -> (bool, String) {
    std::fs::write(file, text).unwrap();
    let ran = Process::new(program).args(*arguments).arg(file).output().unwrap();
    (
        ran.status.success(),
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)),
    )
}

/// The books of some journals, and where the next go on.
fn export(mut books: Books, journals: &[ProfileJournal]) -> Result<(String, BooksCursor), BooksError> {
    let mut text = books.head();
    for journal in journals {
        books.add(journal, &mut text).unwrap();
    }
    let (end, cursor) = books.finish()?;
    Ok((text + &end, cursor))
}

/// The accounts of one case among many in a file.
fn accounts(case: usize) -> BookAccounts {
    let mut accounts = BookAccounts::default();
    let field = |name: &str| name.replace(":Loyalty:", &format!(":Case{case}:"));
    accounts.rewards = field(&accounts.rewards);
    accounts.points = field(&accounts.points);
    accounts.granted = field(&accounts.granted);
    accounts.redeemed = field(&accounts.redeemed);
    accounts.breakage = field(&accounts.breakage);
    accounts.adjustments = field(&accounts.adjustments);
    accounts.transfers = field(&accounts.transfers);
    accounts.opening = field(&accounts.opening);
    accounts
}

/// The books of random cases, in two parts each, of which the second goes on where the first ended.
struct Library {
    texts: [String; 2],
    entries: usize,
}

fn library(most: usize) -> Library {
    let mut runner = TestRunner::deterministic();
    let mut library = Library { texts: Default::default(), entries: 0 };
    for case in 0.. {
        if library.entries >= most {
            break;
        }
        let steps = generate::case_of(programs::some_program(), 60).new_tree(&mut runner).unwrap().current();
        let mut world = World::alone(&steps, MemoryStore::new()).unwrap();
        for step in &steps.steps {
            world.step(step).unwrap().ok();
        }
        let (program, journals) = (world.ledger.program().clone(), journals(&mut world));
        let first =
            program.settings().timezone.local(timestamp(steps.start)).date() + Days::new(case as u64 % 3);
        let (middle, last) = (first + Days::new(20), first + Days::new(60));
        for (text, format) in library.texts.iter_mut().zip(FORMATS) {
            let book = || Books::new(&program, accounts(case), format, first, middle).unwrap();
            let (begin, cursor) = export(book(), &journals).unwrap();
            assert_eq!(export(book(), &journals).unwrap(), (begin.clone(), cursor.clone()), "other bytes");
            // The cursor is kept as JSON.
            let cursor = json::read(serde_json::to_string(&cursor).unwrap().as_bytes()).unwrap();
            let rest = Books::resume(&program, accounts(case), format, cursor, last).unwrap();
            *text += &begin;
            *text += &export(rest, &journals).unwrap().0;
        }
        closes_at_the_balances(&mut world, &journals, (first, last));
        library.entries += journals.iter().map(|journal| journal.entries.len()).sum::<usize>();
    }
    library
}

/// The liability accounts stand, at each day's end, at what the ledger says as of that instant.
fn closes_at_the_balances(
    world: &mut World<MemoryStore>,
    journals: &[ProfileJournal],
    days: (NaiveDate, NaiveDate),
) {
    let program = world.ledger.program().clone();
    let books = Books::new(&program, BookAccounts::default(), BookFormat::Csv, days.0, days.1).unwrap();
    let (csv, _) = export(books, journals).unwrap();
    let mut rows = csv.lines().filter(|line| line.contains(",,balance,"));
    for span in Cuts::days(program.settings().timezone, days.0, days.1).unwrap().spans() {
        let (mut money, mut points) = (Sum::ZERO, Sum::ZERO);
        for profile in profiles(world) {
            let of = world.ledger.as_of(AsOf::At(span.closes_at())).balances(profile).unwrap();
            money = [money, of.reward_balance.into(), of.reward_pending.into(), of.reward_held.into()]
                .into_iter()
                .sum();
            points = [points, of.point_balance.into(), of.point_pending.into(), of.point_held.into()]
                .into_iter()
                .sum();
        }
        for sum in [money, points] {
            let row = rows.next().unwrap();
            let booked: scrip::rust_decimal::Decimal = row.split(',').nth(4).unwrap().parse().unwrap();
            assert_eq!(booked, -sum.to_decimal(), "{row}");
        }
    }
}

/// `BOOK_ENTRIES` sets how many entries there are at least.
///
/// Catches: value that came back and expired at once, booked as returned only; the balances of a day asserted where it begins.
#[test]
fn the_programs_accept_random_books_and_find_a_dropped_posting() {
    let asked = std::env::var("BOOK_ENTRIES").ok().and_then(|entries| entries.parse().ok());
    let library = library(asked.unwrap_or(1_500));
    let folder = tempfile::tempdir().unwrap();
    for (text, format) in library.texts.iter().zip(FORMATS) {
        let Some(checker) = checker(format) else { continue };
        let file = folder.path().join("books");
        let (is_accepted, said) = accepts(&checker, &file, text);
        assert!(is_accepted, "{format:?} of {} entries: {said}", library.entries);
        // A posting in the middle gets lost.
        let parts: Vec<&str> = text.split("\n\n").collect();
        let is_redemption = |part: &&str| part.lines().next().is_some_and(|line| line.contains("redeemed"));
        let lost = parts.iter().skip(parts.len() / 2).position(is_redemption).unwrap() + parts.len() / 2;
        let without: Vec<&str> =
            parts.iter().enumerate().filter(|(place, _)| *place != lost).map(|(_, part)| *part).collect();
        let (is_accepted, _) = accepts(&checker, &file, &without.join("\n\n"));
        assert!(!is_accepted, "{format:?}: nobody misses {}", parts[lost]);
    }
}

/// An entry that is written into days that were exported before is found when the books go on.
///
/// Catches: a cursor that is not looked at.
#[test]
fn books_do_not_go_on_over_a_changed_past() {
    let mut ledger = Ledger::new(Program::new("AUD", "UTC").unwrap(), MemoryStore::new());
    let (alice, bob) = (ProfileId::new("alice").unwrap(), ProfileId::new("bob").unwrap());
    let at = |day: u32| format!("2025-06-{day:02}T12:00:00Z").parse().unwrap();
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = ledger.at(at(1)).commit(Define::from(ten)).unwrap();
    for profile in [alice, bob] {
        ledger.at(at(1)).commit(IssueReward::new(profile, ten.id)).unwrap();
    }
    let all = |ledger: &mut Ledger<MemoryStore>| -> Vec<_> {
        ledger.at(at(9)).journals().map(Result::unwrap).collect()
    };
    let day = |day: u32| NaiveDate::from_ymd_opt(2025, 6, day).unwrap();
    let program = ledger.program().clone();
    let usual = BookAccounts::default;
    let books = Books::new(&program, usual(), BookFormat::Csv, day(1), day(5)).unwrap();
    let (_, cursor) = export(books, &all(&mut ledger)).unwrap();
    let next = || Books::resume(&program, usual(), BookFormat::Csv, cursor.clone(), day(8)).unwrap();
    ledger.at(at(7)).commit(Redeem::strict(alice, Amount::from(4))).unwrap();
    let (csv, _) = export(next(), &all(&mut ledger)).unwrap();
    assert!(csv.contains("2025-06-07,1-2,redeemed,Liabilities:Loyalty:Rewards,4.00,AUD\n"), "{csv}");
    // Bob's till was offline on the third.
    ledger.at(at(3)).commit(Redeem::strict(bob, Amount::from(3))).unwrap();
    let error = export(next(), &all(&mut ledger)).unwrap_err();
    assert_eq!(error.code(), "books_changed");
    assert!(
        error.to_string().contains("2025-06-05") && error.to_string().contains("(20 then, 17 now)"),
        "{error}"
    );
    let backwards = Books::new(&program, usual(), BookFormat::Csv, day(2), day(1)).unwrap_err();
    assert_eq!(backwards.code(), "cuts_out_of_order");
}
