//! The parts of the table that are not a contest.

pub(crate) mod growth;
pub(crate) mod memory;
pub(crate) mod threads;

use scrip::store::Store;
use scrip::{
    Amount, Command, Define, DefinitionId, IssueReward, Key, Ledger, MemoryStore, ProfileId, Program, Redeem,
    RewardDefinition, Timestamp,
};

use crate::contestants::till::Audit;

/// A shop with many profiles, each with lots that are never used up.
pub(crate) struct Shop {
    pub(crate) ledger: Ledger<MemoryStore>,
    pub(crate) ids: Vec<ProfileId>,
    pub(crate) now: Timestamp,
    definition: DefinitionId,
}

impl Shop {
    pub(crate) fn new(profiles: usize, lots: usize) -> Self {
        let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
        let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
        let large = RewardDefinition::new("large".parse().unwrap(), "Large", Amount::from(1_000_000));
        let definition = ledger.at(now).commit(Define::from(large)).unwrap().id;
        let ids = (0..profiles).map(|p| ProfileId::new(&format!("profile-{p:07}")).unwrap()).collect();
        let mut shop = Self { ledger, ids, now, definition };
        for id in shop.ids.clone() {
            for _ in 0..lots {
                shop.ledger.at(now).commit(IssueReward::new(id, shop.definition)).unwrap();
            }
        }
        shop
    }

    /// A redemption of one cent.
    pub(crate) fn cent(&self, profile: usize) -> Command<Redeem> {
        let cent = Amount::from_ten_thousandths(100).unwrap();
        Command::new(self.now, Redeem::strict(self.ids[profile], cent))
    }

    /// The same under a key of its own, formatted for it.
    pub(crate) fn keyed_cent(&self, profile: usize, number: usize) -> Command<Redeem> {
        self.cent(profile).keyed(Key::new(&format!("till-7-{number:09}")).unwrap())
    }

    /// Sees that every account adds up (rule J3) and that so many cents were redeemed.
    pub(crate) fn check(&mut self, cents: usize) {
        let mut audit = Audit::new(&self.ids);
        self.ledger.store().run(&mut audit).unwrap();
        assert_eq!(audit.redeemed(), i64::try_from(cents).unwrap(), "every redemption is there");
    }
}
