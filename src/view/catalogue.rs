//! The definitions of a ledger: the fold of the catalogue's journal.

use std::collections::BTreeMap;

use crate::definition::{Defined, Definition};
use crate::id::{DefinitionId, Handle};
use crate::journal::{Entry, EntryKind};

/// Every definition there ever was, archived ones included, as of the moment that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    definitions: BTreeMap<DefinitionId, Defined>,
    /// The entry that last changed each.
    versions: BTreeMap<DefinitionId, u32>,
    version: u32,
}

impl Catalogue {
    /// Folds the catalogue's journal.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut catalogue = Self::default();
        for entry in entries {
            if let EntryKind::Define(defined) = &entry.kind {
                catalogue.definitions.insert(defined.id, (**defined).clone());
                catalogue.versions.insert(defined.id, entry.sequence);
            }
            catalogue.version = entry.sequence;
        }
        catalogue
    }

    /// One definition, by its id.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// assert_eq!(till.catalogue()?.get(ten.id), Some(&ten));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, id: DefinitionId) -> Option<&Defined> {
        self.definitions.get(&id)
    }

    /// A number that grows with each change of a definition: the entry that last changed it.
    pub fn version_of(&self, id: DefinitionId) -> Option<u32> {
        self.versions.get(&id).copied()
    }

    /// The last entry about any definition.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The reward definition in use with this handle.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let catalogue = till.catalogue()?;
    /// assert_eq!(catalogue.reward(&"ten".parse()?), Some(&ten));
    /// assert_eq!(catalogue.point(&"ten".parse()?), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reward(&self, handle: &Handle) -> Option<&Defined> {
        self.iter()
            .find(|defined| matches!(defined.definition, Definition::Reward(_)) && defined.holds(handle))
    }

    /// The point definition in use with this handle.
    pub fn point(&self, handle: &Handle) -> Option<&Defined> {
        self.iter()
            .find(|defined| matches!(defined.definition, Definition::Point(_)) && defined.holds(handle))
    }

    /// All of them, in the order in which they were defined.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let catalogue = till.catalogue()?;
    /// let names = catalogue.iter().map(|defined| defined.definition.name());
    /// assert!(names.eq(["Ten"]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Defined> {
        self.definitions.values()
    }
}
