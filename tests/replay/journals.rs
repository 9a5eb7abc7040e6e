//! Journals with every kind of entry: what the commands of the goldens write, and those of a profile that another one was
//! merged into, about the records of that one; one with redemptions that were sent late; and
//! those of two profiles that what a sale earned goes between.

use scrip::account::Corrupt;
use scrip::audit::{Auditor, Definitions};
use scrip::id::ProfileNumber;
use scrip::journal::Entry;
use scrip::store::{Change, CommitStatus, Need, Owner, Store, View, Work};
use scrip::{Command, Define, Ledger, MemoryStore, PointDefinition, ProfileId, Program, json};

const COMMANDS: [&str; 3] =
    [include_str!("../goldens/commands.ndjson"), include_str!("merged.ndjson"), include_str!("late.ndjson")];
const REASSIGNED: &str = include_str!("reassigned.ndjson");

/// The catalogue's journal, and those of eight profiles.
pub struct Journals(pub Vec<Journal>);

#[derive(Clone)]
pub struct Journal {
    pub profile: Option<ProfileId>,
    pub number: ProfileNumber,
    pub entries: Vec<Entry>,
}

impl Journals {
    pub fn written() -> Self {
        let program: Program = json::read(include_bytes!("../goldens/program.json")).unwrap();
        let settings = program.settings().clone().with_late_window(28_800);
        let mut ledger = Ledger::new(settings.try_into().unwrap(), MemoryStore::new());
        COMMANDS.into_iter().for_each(|commands| run(&mut ledger, commands));
        // From now on, what a sale earns can go to another profile.
        let mut till = ledger.at("2025-09-01T00:00:00Z".parse().unwrap());
        let miles = PointDefinition::new("miles".parse().unwrap(), "Miles").with_reassignable(true);
        let miles = till.commit(Define::from(miles)).unwrap().id;
        let mut settings = program.settings().clone();
        (settings.earn[0].point_definition_id, settings.earn[0].delay_days) = (Some(miles), 0);
        let store = std::mem::take(ledger.store());
        let mut ledger = Ledger::new(settings.try_into().unwrap(), store);
        run(&mut ledger, REASSIGNED);
        let profiles = ["alice", "bob", "carol", "dave", "erin", "frank", "gina", "hans"]
            .map(|name| Owner::Profile(ProfileId::new(name).unwrap()));
        let owners = [Owner::CATALOGUE].into_iter().chain(profiles);
        Self(owners.map(|owner| read(ledger.store(), owner)).collect())
    }

    pub fn all(&self) -> impl Iterator<Item = (&Journal, &Entry)> {
        self.0.iter().flat_map(|journal| journal.entries.iter().map(move |entry| (journal, entry)))
    }

    pub fn of(&self, profile: &str) -> &Journal {
        let is_its = |journal: &&Journal| journal.profile.is_some_and(|own| own.as_str() == profile);
        self.0.iter().find(is_its).unwrap()
    }

    pub fn definitions(&self) -> Definitions {
        let catalogue = &self.0[0];
        let mut auditor = Auditor::new(None, catalogue.number);
        catalogue.entries.iter().for_each(|entry| auditor.follow(entry).unwrap());
        auditor.into_definitions()
    }
}

pub fn audit(journal: &Journal, definitions: &Definitions) -> Result<(), Corrupt> {
    let mut auditor = Auditor::new(journal.profile, journal.number).with_definitions(definitions);
    journal.entries.iter().try_for_each(|entry| auditor.follow(entry))?;
    auditor.check_end()
}

fn run(ledger: &mut Ledger<MemoryStore>, commands: &str) {
    for line in commands.lines() {
        let command: Command = json::read(line.as_bytes()).unwrap();
        ledger.run(&command).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

/// The name of an entry's kind, as its JSON has it.
pub fn kind(entry: &Entry) -> String {
    let kind = serde_json::to_value(&entry.kind).unwrap();
    kind.as_object().unwrap().keys().next().unwrap().clone()
}

fn read(store: &mut MemoryStore, owner: Owner) -> Journal {
    let mut need = Need::of(owner);
    need.journal = true;
    let mut look = Look { need: [need], seen: None };
    store.run(&mut look).unwrap();
    look.seen.unwrap()
}

/// Copies one journal, and writes nothing.
struct Look {
    need: [Need; 1],
    seen: Option<Journal>,
}

impl Work for Look {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        let entries = view.found.journal.iter().map(|entry| (*entry).clone()).collect();
        let (profile, number) = (view.first.profile().copied(), view.first.number());
        self.seen = Some(Journal { profile, number, entries });
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}
