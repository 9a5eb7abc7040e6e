//! The engine and the model side by side: each command goes to both, and what comes back is compared.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::store::{AsOf, Change, Fate, Need, Owner as StoreOwner, Store, View, Work};
use scrip::{Account, Command, Error, Ledger, Novelty, Outcome, ProfileId, Receipt, Request};

use super::calendar::Micros;
use super::check::{self, Checked};
use super::profile::Cut;
use super::resolve::{Resolver, timestamp};
use super::steps::{Ask, Case, Step, Wait};
use super::{Made, Model, Owner, Verdict};

pub(crate) type Answer<S> = Result<Receipt<Outcome>, Error<<S as Store>::Error>>;

pub(crate) struct World<S> {
    pub(crate) ledger: Ledger<S>,
    pub(crate) model: Model,
    pub(crate) now: Micros,
    /// Every command, refused ones included, and the code that it was refused with.
    pub(crate) sent: Vec<Command<Request>>,
    pub(crate) refused: Vec<Option<&'static str>>,
    /// The first outcome of each command that was carried out, as [`Model::done`] has them.
    pub(crate) outcomes: Vec<Outcome>,
}

impl<S: Store> World<S>
where
    S::Error: Debug,
{
    /// A ledger on an empty store, with the definitions of the case in it.
    pub(crate) fn new(case: &Case, store: S) -> Result<Self, TestCaseError> {
        let mut world = Self {
            ledger: Ledger::new(case.program.clone().try_into().unwrap(), store),
            model: Model::new(case.program.clone()),
            now: case.start,
            sent: Vec::new(),
            refused: Vec::new(),
            outcomes: Vec::new(),
        };
        for template in &case.definitions {
            let ask = Ask::Define(template.clone());
            let step = Step { wait: Wait::Micros(0), key: None, ask };
            // One that is refused leaves a hole that the steps can cope with.
            world.step(&step)?.ok();
        }
        Ok(world)
    }

    /// The command that a step comes to.
    pub(crate) fn resolve(&mut self, step: &Step) -> Command<Request> {
        let Self { model, now, sent, .. } = self;
        Resolver { model, now, sent }.command(step)
    }

    pub(crate) fn step(&mut self, step: &Step) -> Result<Answer<S>, TestCaseError> {
        let command = self.resolve(step);
        self.run(&command)
    }

    /// Gives a command to both, and compares what comes of it.
    pub(crate) fn run(&mut self, command: &Command<Request>) -> Result<Answer<S>, TestCaseError> {
        let verdict = self.model.run(command);
        let answer = self.ledger.run(command);
        self.sent.push(command.clone());
        self.refused.push(answer.as_ref().err().map(Error::code));
        let agreed = match (&verdict, &answer) {
            (Verdict::Refused(codes), Err(error)) => {
                let code = error.code();
                let is_one = codes.contains(&code);
                if is_one { Ok(()) } else { fail(format!("one of {codes:?} expected, and not {code}")) }
            }
            (Verdict::Done(made), Ok(receipt)) => self.done(*made, receipt),
            (Verdict::Again(first, novelty), Ok(receipt)) => self.again(*first, *novelty, receipt),
            (verdict, answer) => fail(format!("{verdict:?} expected, and not {answer:?}")),
        };
        agreed.map_err(|error| self.with_story(error))?;
        Ok(answer)
    }

    fn done(&mut self, made: Made, receipt: &Receipt<Outcome>) -> Checked {
        prop_assert_eq!(receipt.novelty, Novelty::New);
        prop_assert!(!receipt.is_staged);
        self.outcomes.push(receipt.outcome.clone());
        let number = match &receipt.outcome {
            Outcome::IssueReward(lot) => lot.id.number(),
            Outcome::IssuePoints(lot) => lot.id.number(),
            Outcome::Redeem(redemption) => redemption.id.number(),
            Outcome::PostTransaction(transaction)
            | Outcome::UpdateTransaction(transaction)
            | Outcome::DeleteTransaction(transaction) => transaction.id.number(),
            _ => return check::outcome(&self.model, made, &receipt.outcome),
        };
        if let Owner::Profile(profile) = self.model.done.last().unwrap().owner {
            let known = self.model.profiles[profile].number.get_or_insert(number.get());
            prop_assert_eq!(*known, number.get(), "a profile keeps its number");
        }
        check::outcome(&self.model, made, &receipt.outcome)
    }

    /// Rules D5, X2 and J5: the first outcome once more, word for word.
    fn again(&self, first: usize, novelty: Novelty, receipt: &Receipt<Outcome>) -> Checked {
        prop_assert_eq!(&self.outcomes[first], &receipt.outcome);
        prop_assert_eq!(novelty, receipt.novelty);
        Ok(())
    }

    /// An error with all that led to it, as somebody would send it.
    pub(crate) fn with_story(&self, error: TestCaseError) -> TestCaseError {
        let lines: Vec<String> =
            self.sent.iter().map(|command| serde_json::to_string(command).unwrap()).collect();
        let program = serde_json::to_string(&self.model.program).unwrap();
        TestCaseError::fail(format!("{error}\nprogram: {program}\n{}\n", lines.join("\n")))
    }

    /// All that can be read of every profile, now.
    pub(crate) fn check_now(&mut self) -> Checked {
        for profile in 0..self.model.profiles.len() {
            let checked = self.check_profile(profile);
            checked.map_err(|error| self.with_story(error))?;
        }
        let entries = self.model.catalogue.versions.len();
        let catalogue = self.ledger.at(timestamp(self.now)).catalogue().unwrap();
        prop_assert_eq!(self.model.catalogue.after(entries).len(), catalogue.iter().len());
        for (expected, shown) in self.model.catalogue.after(entries).into_iter().zip(catalogue.iter()) {
            check::definition(expected, shown)?;
        }
        Ok(())
    }

    fn check_profile(&mut self, profile: usize) -> Checked {
        let id = self.model.profiles[profile].id;
        let mut till = self.ledger.at(timestamp(self.now));
        if self.model.decided_at(Owner::Profile(profile), self.now).is_none() {
            let refused = till.balances(id).map_err(|error| error.code());
            prop_assert_eq!(refused, Err("time_reversed"), "rule T6");
            return Ok(());
        }
        let (balances, wallet) = (till.balances(id).unwrap(), till.wallet(id).unwrap());
        let next_expiry = till.next_expiry(id).unwrap();
        let account = &self.model.profiles[profile];
        let now = account.now(self.now);
        check::valued(&self.model, account, now, &balances)?;
        check::wallet(&self.model, account, now, &wallet)?;
        check::journal(account, wallet.journal())?;
        check::next_expiry(account, now, next_expiry.as_ref())?;
        let last = Cut { at: account.last_at().unwrap_or(self.now), ..now };
        check::totals(account, last, wallet.account().totals())?;
        let held = self.account(id);
        prop_assert!(held.is_conserved(), "rule J3");
        prop_assert_eq!(&held, wallet.account(), "rule J2");
        Ok(())
    }

    /// The account as the store holds it.
    pub(crate) fn account(&mut self, profile: ProfileId) -> Account {
        let mut look = Look { need: [Need::of(StoreOwner::Profile(profile))], seen: None };
        self.ledger.store().run(&mut look).unwrap();
        look.seen.unwrap()
    }

    /// What the engine shows of a profile at a past moment, against the model (rule J4).
    pub(crate) fn check_past(&mut self, profile: usize, as_of: AsOf) -> Checked {
        let account = &self.model.profiles[profile];
        let cut = match as_of {
            AsOf::At(at) => account.as_of_instant(at.micros()),
            AsOf::Sequence(sequence) => account.as_of_sequence(usize::try_from(sequence).unwrap()),
            _ => account.now(self.now),
        };
        let mut then = self.ledger.as_of(as_of);
        check::valued(&self.model, account, cut, &then.balances(account.id).unwrap())?;
        check::wallet(&self.model, account, cut, &then.wallet(account.id).unwrap())?;
        check::next_expiry(account, cut, then.next_expiry(account.id).unwrap().as_ref())
    }
}

fn fail(message: String) -> Checked {
    Err(TestCaseError::fail(message))
}

/// A work that copies one account and writes nothing.
struct Look {
    need: [Need; 1],
    seen: Option<Account>,
}

impl Work for Look {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        self.seen = Some(view.first.clone());
        None
    }

    fn settle(&mut self, _: usize, _: Fate) {}
}
