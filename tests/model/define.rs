//! Definitions (rules D1 to D3).

use scrip::DefinitionId;
use scrip::definition::Definition;
use scrip::request::Redefine;
use scrip::time::Until;

use super::calendar::Micros;
use super::{Made, Model, Objections, Owner, Rank};

/// Every definition each time that it was made, changed or archived. The entry's number is the place plus one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) versions: Vec<Version>,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: DefinitionId,
    pub(crate) definition: Definition,
    pub(crate) is_archived: bool,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
}

impl Catalogue {
    pub(crate) fn last_at(&self) -> Option<Micros> {
        self.versions.last().map(|version| version.updated_at)
    }

    /// A definition as it stands.
    pub(crate) fn get(&self, id: DefinitionId) -> Option<&Version> {
        self.versions.iter().rfind(|version| version.id == id)
    }

    /// All of them, as they stood after so many entries.
    pub(crate) fn after(&self, entries: usize) -> Vec<&Version> {
        let seen = &self.versions[..entries];
        let newest = |place: usize| !seen[place + 1..].iter().any(|later| later.id == seen[place].id);
        let mut versions: Vec<&Version> =
            seen.iter().enumerate().filter(|(place, _)| newest(*place)).map(|(_, version)| version).collect();
        versions.sort_by_key(|version| version.id);
        versions
    }

    /// The definition in use that has the handle of another one, of the same kind (rule D1).
    pub(crate) fn with_handle_of(&self, wanted: &Definition) -> Option<&Version> {
        self.after(self.versions.len()).into_iter().find(|version| {
            !version.is_archived
                && is_reward(&version.definition) == is_reward(wanted)
                && version.definition.handle() == wanted.handle()
        })
    }
}

pub(crate) fn is_reward(definition: &Definition) -> bool {
    matches!(definition, Definition::Reward(_))
}

impl Model {
    pub(super) fn define(&mut self, definition: &Definition, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let taken = self.catalogue.with_handle_of(definition).is_some();
        objections.add_loosely(taken, [Rank::Identity, Rank::Terms], "handle_taken");
        self.check_definition(definition, 0, &mut objections);
        let id = DefinitionId::new(self.catalogue.versions.len() as u64 + 1).unwrap();
        self.keep_definition(id, definition.clone(), false, at, objections)
    }

    pub(super) fn redefine(&mut self, request: &Redefine, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let holder = self.catalogue.with_handle_of(&request.definition);
        let taken = holder.is_some_and(|holder| holder.id != request.id);
        objections.add_loosely(taken, [Rank::Identity, Rank::Terms], "handle_taken");
        self.check_definition(&request.definition, 1, &mut objections);
        match self.catalogue.get(request.id) {
            Some(old) if is_reward(&old.definition) == is_reward(&request.definition) => {
                objections.add_if(old.is_archived, Rank::Terms, "definition_archived");
            }
            _ => objections.add(Rank::Unknown, "unknown_definition"),
        }
        self.keep_definition(request.id, request.definition.clone(), false, at, objections)
    }

    pub(super) fn archive(&mut self, id: DefinitionId, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        match self.catalogue.get(id).cloned() {
            Some(old) => {
                objections.add_if(old.is_archived, Rank::Terms, "definition_archived");
                self.keep_definition(id, old.definition, true, at, objections)
            }
            None => {
                objections.add(Rank::Unknown, "unknown_definition");
                let is_late = self.decided_at(Owner::Catalogue, at).is_none();
                objections.add_if(is_late, Rank::Time, "time_reversed");
                Err(objections)
            }
        }
    }

    /// The quantities, in the order in which the fields are documented, after `before` fields of the request's own.
    fn check_definition(&self, definition: &Definition, before: u8, objections: &mut Objections) {
        let end = match definition {
            Definition::Reward(reward) => reward.absolute_expiry,
            Definition::Point(point) => point.absolute_expiry,
        };
        objections.add_if(end == Some(Until::Never), Rank::Field(before + 6), "no_end");
        match definition {
            Definition::Reward(reward) => {
                let minor_unit = self.program.currency.minor_unit();
                objections.quantity(before + 2, reward.value.ten_thousandths().into(), minor_unit, false);
                if let Some(max) = reward.max_value {
                    objections.quantity(before + 4, max.ten_thousandths().into(), minor_unit, false);
                    // Nothing could be issued from it as it stands.
                    let steps = [Rank::Field(before + 4), Rank::Terms];
                    objections.add_loosely(reward.value > max, steps, "above_max_value");
                }
            }
            Definition::Point(point) => {
                if let Some(value) = point.value {
                    let decimals = self.program.point_scale;
                    objections.quantity(before + 2, value.ten_thousandths().into(), decimals, false);
                }
            }
        }
    }

    fn keep_definition(
        &mut self,
        id: DefinitionId,
        definition: Definition,
        is_archived: bool,
        at: Micros,
        mut objections: Objections,
    ) -> Result<Made, Objections> {
        let at = self.decided_at(Owner::Catalogue, at);
        objections.add_if(at.is_none(), Rank::Time, "time_reversed");
        let (Some(at), None) = (at, objections.codes()) else { return Err(objections) };
        let created_at = self.catalogue.get(id).map_or(at, |first| first.created_at);
        self.catalogue.versions.push(Version { id, definition, is_archived, created_at, updated_at: at });
        Ok(Made::Definition { version: self.catalogue.versions.len() - 1 })
    }
}
