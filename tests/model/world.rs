//! The engine and the model side by side: each command goes to both, and what comes back is compared.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::account::Account;
use scrip::journal::Entry;
use scrip::outcome::Disposition;
use scrip::request::KeyedBatch;
use scrip::store::{AsOf, Change, CommitStatus, Need, Owner as StoreOwner, Store, View, Work};
use scrip::view::Catalogue;
use scrip::{Command, Error, Ledger, Outcome, ProfileId, Receipt, Request};

use crate::planted::bug;

use super::calendar::Micros;
use super::check::{self, Checked};
use super::profile::Cut;
use super::resolve::{Resolver, timestamp};
use super::steps::{Ask, Case, Step, Wait};
use super::{Made, Model, Owner, Verdict, told};

pub(crate) type Answer<S> = Result<Receipt<Outcome>, Error<<S as Store>::Error>>;

pub(crate) struct World<S> {
    is_compared: bool,
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
    /// A ledger on an empty store, with the definitions of the case in it. Every answer is compared with the model's.
    pub(crate) fn compared(case: &Case, store: S) -> Result<Self, TestCaseError> {
        Self::new(case, store, true)
    }

    /// The same, with nothing compared: the model only helps to make commands of steps. For laws that must hold of the
    /// engine whatever the model says.
    pub(crate) fn alone(case: &Case, store: S) -> Result<Self, TestCaseError> {
        Self::new(case, store, false)
    }

    fn new(case: &Case, store: S, is_compared: bool) -> Result<Self, TestCaseError> {
        let mut world = Self {
            is_compared,
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
        self.compare(command, &verdict, answer)
    }

    /// Gives a batch under a key to both, and compares what comes of it row by row.
    pub(crate) fn run_batch(&mut self, batch: &KeyedBatch) -> Result<Vec<Answer<S>>, TestCaseError> {
        let KeyedBatch { at, key, requests, .. } = batch;
        let answers = self.ledger.run_batch(batch);
        prop_assert_eq!(answers.len(), requests.len());
        let is_first_done = bug("rows that are carried out before the key is known to be free");
        let is_reused = !is_first_done && self.model.is_key_of_another(at.micros(), key, requests);
        let mut compared = Vec::new();
        for (place, answer) in answers.into_iter().enumerate() {
            let command = Command::new(*at, requests[place].clone()).keyed(key.clone());
            let verdict = match is_reused {
                true => Verdict::Refused(vec!["key_reused"]),
                false => self.model.run_row(&command, Some((requests.clone(), place))),
            };
            compared.push(self.compare(&command, &verdict, answer)?);
        }
        Ok(compared)
    }

    fn compare(
        &mut self,
        command: &Command<Request>,
        verdict: &Verdict,
        answer: Answer<S>,
    ) -> Result<Answer<S>, TestCaseError> {
        self.sent.push(command.clone());
        self.refused.push(answer.as_ref().err().map(Error::code));
        if let Ok(receipt) = &answer {
            self.learn_number(&command.request, &receipt.outcome);
        }
        if !self.is_compared {
            return Ok(answer);
        }
        let agreed = match (verdict, &answer) {
            (Verdict::Refused(codes), Err(error)) => check::is_one_of(codes, error.code()),
            (Verdict::Done(made), Ok(receipt)) => {
                // A sweep is not remembered.
                if !matches!(made, Made::Swept { .. }) {
                    self.outcomes.push(receipt.outcome.clone());
                }
                self.done(*made, receipt)
            }
            (Verdict::Again(first, disposition), Ok(receipt)) => {
                self.again(command.at.micros(), *first, *disposition, receipt)
            }
            (verdict, answer) => check::differ(verdict, answer),
        };
        agreed.map_err(|error| self.with_story(error))?;
        Ok(answer)
    }

    /// The store draws the numbers of profiles, and the model must know them.
    fn learn_number(&mut self, request: &Request, outcome: &Outcome) {
        let (number, other) = match outcome {
            Outcome::IssueReward(lot) => (lot.id.number(), None),
            Outcome::IssuePoints(lot) => (lot.id.number(), None),
            Outcome::Redeem(redemption) => (redemption.id.number(), None),
            Outcome::PlaceHold(hold) => (hold.id.number(), None),
            Outcome::PostTransaction(transaction) => (transaction.id.number(), None),
            Outcome::Reassign(moved) => return self.learn_receiver(request, moved.to.get()),
            Outcome::Transfer(sent) => return self.learn_receiver(request, sent.to.get()),
            Outcome::MergeProfiles(merged) => (merged.into, Some(merged.into)),
            _ => return,
        };
        if let Some(into) = other {
            self.learn_receiver(request, into.get());
            return self.learn_drawn(request);
        }
        if let Some(Owner::Profile(profile)) = self.model.owner(request) {
            let home = self.model.home(profile);
            self.model.profiles[home].learn_number(number.get());
        }
    }

    /// Of a profile that received something.
    fn learn_receiver(&mut self, request: &Request, number: u32) {
        let to = match request {
            Request::Reassign(request) => request.profile_id,
            Request::Transfer(request) => request.profile_id,
            Request::MergeProfiles(request) => request.into,
            _ => return,
        };
        let place = self.model.profile(to);
        let home = self.model.home(place);
        self.model.profiles[home].learn_number(number);
    }

    /// Of a profile that was merged before anything else happened to it: nobody tells, but the store knows.
    fn learn_drawn(&mut self, request: &Request) {
        if let Request::MergeProfiles(request) = request {
            let place = self.model.profile(request.profile_id);
            let number = self.account(request.profile_id).number().get();
            self.model.profiles[place].learn_number(number);
        }
    }

    fn done(&self, made: Made, receipt: &Receipt<Outcome>) -> Checked {
        prop_assert_eq!(receipt.disposition, Disposition::New);
        prop_assert!(!receipt.is_staged);
        check::outcome(&self.model, made, &receipt.outcome)
    }

    /// Rule J5: under a key, the first outcome once more, word for word. Rules D5 and X2: under a name, what it stands for
    /// as it stands now.
    fn again(
        &self,
        at: Micros,
        first: usize,
        disposition: Disposition,
        receipt: &Receipt<Outcome>,
    ) -> Checked {
        prop_assert_eq!(disposition, receipt.disposition);
        let is_old = bug("a repeated name that answers with what it stood for at first");
        if disposition == Disposition::Existing && !is_old {
            return check::existing(&self.model, at, self.model.done[first].made, &receipt.outcome);
        }
        prop_assert_eq!(&self.outcomes[first], &receipt.outcome);
        Ok(())
    }

    /// An error with all that led to it, as somebody would send it. What was refused led to nothing.
    pub(crate) fn with_story(&self, error: TestCaseError) -> TestCaseError {
        let last = self.sent.len().saturating_sub(1);
        let told = self.sent.iter().zip(&self.refused).enumerate();
        let lines: Vec<String> = told
            .filter(|(place, (_, refused))| refused.is_none() || *place == last)
            .map(|(_, (command, _))| serde_json::to_string(command).unwrap())
            .collect();
        let program = serde_json::to_string(&self.model.program).unwrap();
        TestCaseError::fail(format!("{error}\nprogram: {program}\n{}\n", lines.join("\n")))
    }

    /// All that can be read of every profile, now.
    pub(crate) fn check_now(&mut self) -> Checked {
        for profile in 0..self.model.profiles.len() {
            let checked = self.check_profile(profile);
            checked.map_err(|error| self.with_story(error))?;
        }
        let catalogue = self.ledger.at(timestamp(self.now)).catalogue().unwrap();
        self.check_catalogue(self.model.catalogue.versions.len(), &catalogue)
    }

    fn check_profile(&mut self, profile: usize) -> Checked {
        let id = self.model.profiles[profile].id;
        let mut till = self.ledger.at(timestamp(self.now));
        let home = Owner::Profile(self.model.home(profile));
        if self.model.decided_at(Owner::Profile(profile), self.now).is_none()
            || self.model.decided_at(home, self.now).is_none()
        {
            let refused = till.balances(id).map_err(|error| error.code());
            let is_late = self.model.decided_at(home, self.now).is_none();
            prop_assert!(!is_late || refused == Err("time_reversed"), "rule T6");
            return Ok(());
        }
        let (balances, wallet) = (till.balances(id).unwrap(), till.wallet(id).unwrap());
        let next_expiry = till.next_expiry(id).unwrap();
        let account = &self.model.profiles[profile];
        let now = account.now(self.now);
        let home = &self.model.profiles[self.model.home(profile)];
        check::valued(&self.model, home, home.now(self.now), &balances)?;
        check::wallet(&self.model, account, now, &wallet)?;
        told::journal(&self.model, account, wallet.written())?;
        check::next_expiry(home, home.now(self.now), next_expiry.as_ref())?;
        let last = Cut { at: account.last_at().unwrap_or(self.now), ..now };
        check::totals(account, last, &wallet.account().totals())?;
        let held = self.account(id);
        prop_assert!(held.is_conserved(), "rule J3");
        prop_assert_eq!(&held, wallet.account(), "rule J2");
        Ok(())
    }

    /// The account as the store holds it.
    pub(crate) fn account(&mut self, profile: ProfileId) -> Account {
        look(self.ledger.store(), StoreOwner::Profile(profile)).0
    }

    /// Every journal, the catalogue's first, as lines of JSON.
    pub(crate) fn journals(&mut self) -> Vec<String> {
        let profiles = self.model.profiles.iter().map(|profile| StoreOwner::Profile(profile.id));
        let owners: Vec<StoreOwner> = std::iter::once(StoreOwner::CATALOGUE).chain(profiles).collect();
        journals(self.ledger.store(), &owners)
    }

    /// All that a request could have changed, in bytes.
    pub(crate) fn snapshot(&mut self) -> Vec<String> {
        let profiles: Vec<ProfileId> = self.model.profiles.iter().map(|profile| profile.id).collect();
        let mut accounts: Vec<String> =
            profiles.into_iter().map(|id| serde_json::to_string(&self.account(id)).unwrap()).collect();
        accounts.extend(self.journals());
        accounts
    }

    /// What the engine shows of a profile at a past moment, against the model (rule J4).
    pub(crate) fn check_past(&mut self, profile: usize, as_of: AsOf) -> Checked {
        let account = &self.model.profiles[profile];
        if let AsOf::Sequence(sequence) = as_of
            && account.is_half_way(usize::try_from(sequence).unwrap())
        {
            return Ok(());
        }
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

    /// The definitions at a past instant (rule J4).
    pub(crate) fn check_past_catalogue(&mut self, at: Micros) -> Checked {
        let versions = &self.model.catalogue.versions;
        let entries = versions.iter().filter(|version| version.updated_at <= at).count();
        let then = self.ledger.as_of(AsOf::At(timestamp(at))).catalogue().unwrap();
        self.check_catalogue(entries, &then)
    }

    fn check_catalogue(&self, entries: usize, shown: &Catalogue) -> Checked {
        let expected = self.model.catalogue.after(entries);
        prop_assert_eq!(expected.len(), shown.iter().len());
        for (expected, shown) in expected.into_iter().zip(shown.iter()) {
            check::definition(expected, shown)?;
        }
        Ok(())
    }
}

/// An account and its journal, as the store holds them.
pub(crate) fn look<S: Store>(store: &mut S, owner: StoreOwner) -> (Account, Vec<Entry>)
where
    S::Error: Debug,
{
    let mut need = Need::of(owner);
    need.journal = true;
    let mut look = Look { need: [need], seen: None };
    store.run(&mut look).unwrap();
    look.seen.unwrap()
}

/// Journals as lines of JSON, an empty line after each.
pub(crate) fn journals<S: Store>(store: &mut S, owners: &[StoreOwner]) -> Vec<String>
where
    S::Error: Debug,
{
    let mut lines = Vec::new();
    for owner in owners {
        let (_, journal) = look(store, *owner);
        lines.extend(journal.iter().map(|entry| serde_json::to_string(entry).unwrap()));
        lines.push(String::new());
    }
    lines
}

/// A work that copies one account and its journal, and writes nothing.
struct Look {
    need: [Need; 1],
    seen: Option<(Account, Vec<Entry>)>,
}

impl Work for Look {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        let journal = view.found.journal.iter().map(|entry| (*entry).clone()).collect();
        self.seen = Some((view.first.clone(), journal));
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}
