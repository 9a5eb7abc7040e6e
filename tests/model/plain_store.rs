//! The simplest store that keeps the contract: journals in lists, searched from the front, and every account folded
//! from its first entry each time that it is wanted. It numbers profiles in the order of their first entry.

use std::cell::Cell;

use scrip::ProfileId;
use scrip::account::{Account, Corrupt};
use scrip::id::ProfileNumber;
use scrip::journal::Entry;
use scrip::store::{Change, CommitStatus, Find, LookupPlan, Need, Owner, Store, View, Work};

use crate::planted::bug;

#[derive(Clone, Debug, Default)]
pub(crate) struct PlainStore {
    catalogue: Vec<Entry>,
    /// The first has the number 1.
    profiles: Vec<(ProfileId, Vec<Entry>)>,
    /// How many look-ups there were, and entries found by them.
    looked_up: Cell<usize>,
}

impl Store for PlainStore {
    type Error = Corrupt;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), Corrupt> {
        for unit in 0..work.needs().len() {
            let need = work.needs()[unit].clone();
            let first = self.account(need.owner)?;
            let second = need.second.as_deref().map(|owner| self.account(*owner)).transpose()?;
            // Two of whom nobody has heard are numbered one after the other.
            let second = second.map(|second| match (first.profile(), second.profile()) {
                (Some(one), Some(other)) if one != other && first.number() == second.number() => {
                    Account::new(*other, number_at(self.profiles.len() + 1))
                }
                _ => second,
            });
            let change =
                self.decide(&need, &first, second.as_ref(), |view| work.decide(unit, view).cloned())?;
            let Change { first: entries, second: others, .. } = change.unwrap_or_default();
            self.append(&first, entries);
            if let Some(second) = second {
                self.append(&second, others);
            }
            work.settle(unit, CommitStatus::Committed);
        }
        Ok(())
    }
}

impl PlainStore {
    pub(crate) fn looked_up(&self) -> usize {
        self.looked_up.get()
    }

    fn account(&self, owner: Owner) -> Result<Account, Corrupt> {
        let (profile, number) = self.seat(owner);
        Account::replay(profile, number, self.journal(number))
    }

    fn decide(
        &self,
        need: &Need,
        first: &Account,
        second: Option<&Account>,
        decide: impl FnOnce(View<'_>) -> Option<Change>,
    ) -> Result<Option<Change>, Corrupt> {
        let mut plan: LookupPlan<&Entry> = LookupPlan::new(need, first);
        let is_lazy = bug("a look-up that depends on another one and is never made");
        while let Some(lookup) = plan.next() {
            if is_lazy && self.looked_up.get() % 2 == 1 {
                break;
            }
            let entries = find(lookup.journal, self.journal(lookup.journal), &lookup.find);
            self.looked_up.set(self.looked_up.get() + 1 + entries.len());
            plan.answer(entries);
        }
        let past = plan.past(need, first)?;
        let found = plan.found();
        Ok(decide(View::new(past.as_ref().unwrap_or(first), second, &found)))
    }

    fn seat(&self, owner: Owner) -> (Option<ProfileId>, ProfileNumber) {
        match owner {
            Owner::Profile(profile) => {
                let place = self.profiles.iter().position(|(other, _)| *other == profile);
                (Some(profile), number_at(place.unwrap_or(self.profiles.len())))
            }
            Owner::Number(number) => {
                let place = self.profiles.iter().enumerate().find(|(place, _)| number_at(*place) == number);
                (place.map(|(_, (profile, _))| *profile), number)
            }
        }
    }

    fn journal(&self, number: ProfileNumber) -> &[Entry] {
        if number == ProfileNumber::CATALOGUE {
            return &self.catalogue;
        }
        let place = (0..self.profiles.len()).find(|place| number_at(*place) == number);
        place.map_or(&[], |place| &self.profiles[place].1)
    }

    fn append(&mut self, account: &Account, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        if account.number() == ProfileNumber::CATALOGUE {
            return self.catalogue.extend(entries);
        }
        let profile = *account.profile().unwrap();
        match self.profiles.iter_mut().find(|(other, _)| *other == profile) {
            Some((_, journal)) => journal.extend(entries),
            None => self.profiles.push((profile, entries)),
        }
    }
}

fn number_at(place: usize) -> ProfileNumber {
    ProfileNumber::new(u32::try_from(place).unwrap() + 1).unwrap()
}

fn find<'a>(number: ProfileNumber, journal: &'a [Entry], find: &Find) -> Vec<&'a Entry> {
    let newest =
        |found: &dyn Fn(&Entry) -> bool| journal.iter().rfind(|entry| found(entry)).into_iter().collect();
    match find {
        Find::Range(first, last) => {
            journal.iter().filter(|entry| (*first..=*last).contains(&entry.sequence)).collect()
        }
        Find::Until(instant) => journal.iter().filter(|entry| entry.at <= *instant).collect(),
        Find::About(subject) => {
            journal.iter().filter(|entry| entry.records(number).contains(subject)).collect()
        }
        Find::Latest(subject) => newest(&|entry| entry.records(number).contains(subject)),
        Find::Key(key) => newest(&|entry| entry.key() == Some(key)),
        Find::Named(name) => newest(&|entry| entry.external() == Some(name)),
        other => panic!("this store does not know {other:?}"),
    }
}
