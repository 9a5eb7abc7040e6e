//! A small asynchronous store that loads, decides without holding anything, and compares and swaps.

use std::collections::HashMap;
use std::sync::Arc;

use scrip::ProfileId;
use scrip::account::{Account, Corrupt};
use scrip::id::ProfileNumber;
use scrip::journal::Entry;
use scrip::store::{AsyncStore, CommitStatus, Lookup, LookupPlan, Need, Owner, View, Work};
use tokio::sync::Mutex;

#[derive(Clone, Default)]
pub struct SmallCas(Arc<Mutex<Journals>>);

#[derive(Default)]
struct Journals {
    profiles: Vec<ProfileId>,
    journals: HashMap<ProfileNumber, Vec<Entry>>,
}

/// What was loaded for a unit, with nothing held.
struct Loaded {
    first: Account,
    second: Option<Account>,
    gather: LookupPlan<Entry>,
}

impl AsyncStore for SmallCas {
    type Error = Corrupt;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), Corrupt> {
        for unit in 0..work.needs().len() {
            let need = work.needs()[unit].clone();
            let loaded = self.0.lock().await.load(&need)?;
            // Here is where somebody else gets in between.
            tokio::task::yield_now().await;
            let past = loaded.gather.past(&need, &loaded.first)?;
            let found = loaded.gather.found();
            let view = View::new(past.as_ref().unwrap_or(&loaded.first), loaded.second.as_ref(), &found);
            let fate = match work.decide(unit, view).cloned() {
                Some(change) => self.0.lock().await.swap(&loaded, &change.first, &change.second)?,
                None => CommitStatus::Committed,
            };
            work.settle(unit, fate);
        }
        Ok(())
    }
}

impl Journals {
    fn load(&self, need: &Need) -> Result<Loaded, Corrupt> {
        let first = self.account(need.owner, 0)?;
        // A newcomer may be both accounts, and has one number then.
        let promised = usize::from(is_newcomer(&first) && need.second.as_deref() != Some(&need.owner));
        let second = need.second.as_deref().map(|owner| self.account(*owner, promised)).transpose()?;
        let mut gather = LookupPlan::new(need, &first);
        while let Some(lookup) = gather.next() {
            gather.answer(self.find(&lookup));
        }
        Ok(Loaded { first, second, gather })
    }

    /// The account; a new profile gets its number when it is committed, and until then two of them may be lent the
    /// same one. `promised`: how many numbers were lent in this unit already.
    fn account(&self, owner: Owner, promised: usize) -> Result<Account, Corrupt> {
        let (number, profile) = match owner {
            Owner::Number(number) => {
                (number, self.profiles.get((number.get() as usize).wrapping_sub(1)).copied())
            }
            Owner::Profile(profile) => {
                let place = self.profiles.iter().position(|other| *other == profile);
                let place = place.unwrap_or(self.profiles.len() + promised);
                (ProfileNumber::new(place as u32 + 1).expect("a small number"), Some(profile))
            }
        };
        Account::replay(profile, number, self.journal(number))
    }

    fn journal(&self, number: ProfileNumber) -> &[Entry] {
        self.journals.get(&number).map_or(&[], Vec::as_slice)
    }

    fn find(&self, lookup: &Lookup) -> Vec<Entry> {
        let Lookup { journal, find } = lookup;
        let mut all = self.journal(*journal).iter().filter(|entry| find.finds(entry, *journal)).cloned();
        if find.is_of_newest() { all.next_back().into_iter().collect() } else { all.collect() }
    }

    /// Writes both lists, if both accounts still stand where they were loaded.
    fn swap(&mut self, loaded: &Loaded, first: &[Entry], second: &[Entry]) -> Result<CommitStatus, Corrupt> {
        let mut writes = vec![(&loaded.first, first)];
        writes.extend(loaded.second.as_ref().map(|account| (account, second)));
        let mut promised = 0;
        for (account, entries) in &writes {
            let follows =
                entries.iter().zip(account.sequence() + 1..).all(|(entry, next)| entry.sequence == next);
            if !follows || !self.stands(account, promised)? {
                return Ok(CommitStatus::Conflict);
            }
            promised += usize::from(is_newcomer(account));
        }
        for (account, entries) in writes {
            self.profiles.extend(account.profile().filter(|_| is_newcomer(account)));
            self.journals.entry(account.number()).or_default().extend_from_slice(entries);
        }
        Ok(CommitStatus::Committed)
    }

    fn stands(&self, loaded: &Account, promised: usize) -> Result<bool, Corrupt> {
        let owner =
            loaded.profile().map_or(Owner::Number(loaded.number()), |profile| Owner::Profile(*profile));
        let now = self.account(owner, promised)?;
        Ok((now.number(), now.sequence()) == (loaded.number(), loaded.sequence()))
    }
}

fn is_newcomer(account: &Account) -> bool {
    account.sequence() == 0 && account.profile().is_some()
}
