//! The works that the cases run on a store, and the results that they record.

use crate::account::Account;
use crate::definition::RewardDefinition;
use crate::id::{DefinitionId, ExternalId, Key, ProfileId};
use crate::journal::Entry;
use crate::json::Json;
use crate::ops::request::decide;
use crate::ops::{Command, Define, IssueReward, Redeem, Request};
use crate::program::Program;
use crate::store::{AsOf, AsyncStore, Change, CommitStatus, Need, Owner, View, Work};
use crate::time::Timestamp;
use crate::value::Amount;

/// The result of a case; the error describes a broken promise.
pub(super) type Verdict = Result<(), String>;

pub(super) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// The fixture of every case: a program, an instant, and requests that fit together.
pub(super) struct Fixture {
    pub(super) program: Program,
    pub(super) now: Timestamp,
}

impl Fixture {
    pub(super) fn new() -> Result<Self, String> {
        let program = Program::new("AUD", "Australia/Melbourne").map_err(|error| error.to_string())?;
        // A fraction of a second reveals a store that keeps fewer digits.
        let now = "2025-06-15T00:00:00.123456Z".parse().map_err(|_| "the fixture's time".to_owned())?;
        Ok(Self { program, now })
    }

    pub(super) fn profile(name: &str) -> Result<ProfileId, String> {
        ProfileId::new(name).map_err(|error| error.to_string())
    }

    pub(super) fn command(&self, request: impl Into<Request>) -> Command {
        Command::new(self.now, request.into())
    }

    pub(super) fn keyed(&self, key: &str, request: impl Into<Request>) -> Result<Command, String> {
        let key = Key::new(key).map_err(|error| error.to_string())?;
        Ok(self.command(request).keyed(key))
    }

    /// Defines a reward worth 10. It is the first entry in every backing, so its id is known.
    pub(super) fn define(&self) -> Result<Command, String> {
        let handle = "bonus".parse().map_err(|_| "the fixture's handle".to_owned())?;
        let mut bonus = RewardDefinition::new(handle, "Bonus", Amount::from(10));
        (bonus.is_extendable, bonus.is_reassignable) = (true, true);
        Ok(self.command(Define::from(bonus)))
    }

    /// Issues the fixture's reward.
    pub(super) fn issue(&self, profile: ProfileId) -> Result<IssueReward, String> {
        let definition = DefinitionId::new(1).map_err(|error| error.to_string())?;
        Ok(IssueReward::new(profile, definition))
    }

    pub(super) fn named(&self, profile: ProfileId, name: &str) -> Result<IssueReward, String> {
        let external = ExternalId::new(name).map_err(|error| error.to_string())?;
        Ok(IssueReward { external_id: Some(external), ..self.issue(profile)? })
    }

    /// Issues the fixture's reward with a document that a careless store garbles.
    pub(super) fn with_text(&self, profile: ProfileId) -> Result<IssueReward, String> {
        let meta = Json::new(r#"{"note": "tägged 🎁 \\ \" ' %s $1 ? --", "nothing": null, "digits": 1.10}"#);
        Ok(IssueReward { meta: Some(meta.map_err(|error| error.to_string())?), ..self.issue(profile)? })
    }

    pub(super) fn redeem(profile: ProfileId, whole: u32) -> Redeem {
        Redeem::strict(profile, Amount::from(whole))
    }
}

/// A work of commands that records every view and every commit status for the case.
pub(super) struct Script {
    program: Program,
    commands: Vec<Command>,
    needs: Vec<Need>,
    change: Change,
    /// The account version that each unit was last decided on.
    pub(super) versions: Vec<u32>,
    /// Whether each unit was a retry, answered from the entries that it had written before.
    pub(super) repeated: Vec<bool>,
    /// Whether the rules refused each unit.
    pub(super) refused: Vec<bool>,
    pub(super) statuses: Vec<Vec<CommitStatus>>,
    /// The unit whose change is made stale, as if another writer had been faster.
    pub(super) spoiled: Option<usize>,
    /// The entries that each unit last decided to write.
    pub(super) wrote: Vec<Vec<Entry>>,
}

impl Script {
    pub(super) fn new(fixture: &Fixture, commands: Vec<Command>) -> Result<Self, String> {
        let needs: Result<Vec<Need>, _> =
            commands.iter().map(|command| crate::ops::request::need(&fixture.program, command)).collect();
        let units = commands.len();
        Ok(Self {
            program: fixture.program.clone(),
            commands,
            needs: needs.map_err(|rejection| rejection.to_string())?,
            change: Change::default(),
            versions: vec![0; units],
            repeated: vec![false; units],
            refused: vec![false; units],
            statuses: vec![Vec::new(); units],
            spoiled: None,
            wrote: vec![Vec::new(); units],
        })
    }

    /// Runs the script, and expects every unit to be committed.
    pub(super) async fn commit<S: AsyncStore>(mut self, store: &mut S) -> Result<Self, String> {
        store.run(&mut self).await.map_err(|error| format!("the store failed: {error}"))?;
        let settled = |statuses: &Vec<CommitStatus>| {
            matches!(statuses.as_slice(), [CommitStatus::Committed | CommitStatus::Staged])
        };
        let unsettled = self.statuses.iter().position(|statuses| !settled(statuses));
        match unsettled {
            None => Ok(self),
            Some(unit) => {
                Err(format!("unit {unit} was not settled once as committed: {:?}", self.statuses.get(unit)))
            }
        }
    }
}

/// A work of one unit that is retried after a conflict.
pub(super) trait Racer: Work {
    /// The commit statuses of its last run.
    fn take_fates(&mut self) -> Vec<CommitStatus>;
}

impl Racer for Script {
    fn take_fates(&mut self) -> Vec<CommitStatus> {
        self.statuses.iter_mut().flat_map(std::mem::take).collect()
    }
}

impl Racer for Pair {
    fn take_fates(&mut self) -> Vec<CommitStatus> {
        std::mem::take(&mut self.statuses)
    }
}

impl Work for Script {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        self.change.clear();
        *self.versions.get_mut(unit)? = view.first.sequence();
        *self.refused.get_mut(unit)? = false;
        match decide(&self.program, self.commands.get(unit)?, &view) {
            Ok(Some(decision)) => {
                *self.repeated.get_mut(unit)? =
                    decision.receipt.disposition != crate::engine::Disposition::New;
                self.change = decision.change;
            }
            Ok(None) | Err(_) => *self.refused.get_mut(unit)? = true,
        }
        if self.spoiled == Some(unit) {
            spoil(&mut self.change.first);
        }
        self.wrote.get_mut(unit)?.clone_from(&self.change.first);
        (!self.change.is_empty()).then_some(&self.change)
    }

    fn settle(&mut self, unit: usize, status: CommitStatus) {
        if let Some(statuses) = self.statuses.get_mut(unit) {
            statuses.push(status);
        }
    }
}

/// Makes a change stale: its entries do not follow the account's last one.
fn spoil(entries: &mut [Entry]) {
    for entry in entries {
        entry.sequence = entry.sequence.saturating_add(1);
    }
}

/// A change over two accounts: a reward for each, written together or not at all.
pub(super) struct Pair {
    program: Program,
    commands: [Command; 2],
    needs: [Need; 1],
    change: Change,
    /// Whether the second list is made stale, as if another writer had been faster there.
    pub(super) spoil_second: bool,
    pub(super) statuses: Vec<CommitStatus>,
}

impl Pair {
    pub(super) fn new(fixture: &Fixture, first: ProfileId, second: ProfileId) -> Result<Self, String> {
        let commands = [fixture.command(fixture.issue(first)?), fixture.command(fixture.issue(second)?)];
        let need = crate::ops::request::need(&fixture.program, &commands[0])
            .map_err(|rejection| rejection.to_string())?;
        let needs = [Need { second: Some(Box::new(Owner::Profile(second))), ..need }];
        let (program, change) = (fixture.program.clone(), Change::default());
        Ok(Self { program, commands, needs, change, spoil_second: false, statuses: Vec::new() })
    }
}

impl Work for Pair {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        let [first, second] = &self.commands;
        let entries = |command, account| {
            decide(&self.program, command, &View::new(account, None, view.found))
                .ok()
                .flatten()
                .map(|done| done.change.first)
        };
        self.change.first = entries(first, view.first)?;
        self.change.second = entries(second, view.second?)?;
        if self.spoil_second {
            spoil(&mut self.change.second);
        }
        Some(&self.change)
    }

    fn settle(&mut self, _: usize, status: CommitStatus) {
        self.statuses.push(status);
    }
}

/// A work that writes the same change whatever the account's state: to a store, a slow decision.
pub(super) struct Slow {
    need: [Need; 1],
    change: Change,
    pub(super) status: Option<CommitStatus>,
}

impl Slow {
    pub(super) fn new(profile: ProfileId, entries: Vec<Entry>) -> Self {
        let change = Change { first: entries, second: Vec::new() };
        Self { need: [Need::of(Owner::Profile(profile))], change, status: None }
    }
}

impl Work for Slow {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, _: View<'_>) -> Option<&Change> {
        Some(&self.change)
    }

    fn settle(&mut self, _: usize, status: CommitStatus) {
        self.status = Some(status);
    }
}

/// The account and the records that a store lends to a work.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) account: Account,
    pub(super) journal: Vec<Entry>,
}

struct Look {
    need: [Need; 1],
    seen: Option<Seen>,
}

impl Work for Look {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        let journal = view.found.journal.iter().map(|entry| (*entry).clone()).collect();
        self.seen = Some(Seen { account: view.first.clone(), journal });
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}

/// Looks at an account and its whole journal.
pub(super) async fn look<S: AsyncStore>(store: &mut S, owner: Owner, as_of: AsOf) -> Result<Seen, String> {
    let seen =
        try_to_look(store, owner, as_of).await.map_err(|error| format!("the store failed: {error}"))?;
    seen.ok_or_else(|| "the store lent nothing".to_owned())
}

/// Looks at an account and its whole journal, and returns the store's own error.
pub(super) async fn try_to_look<S: AsyncStore>(
    store: &mut S,
    owner: Owner,
    as_of: AsOf,
) -> Result<Option<Seen>, S::Error> {
    let need = Need { journal: true, as_of, ..Need::of(owner) };
    let mut look = Look { need: [need], seen: None };
    store.run(&mut look).await.map(|()| look.seen)
}
