//! Making, changing and archiving definitions (rules D1 to D3).

use serde::{Deserialize, Serialize};

use crate::definition::{Defined, Definition, PointDefinition, RewardDefinition};
use crate::engine::check::{LABEL, PROSE};
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::DefinitionId;
use crate::journal::{EntryKind, External, Fingerprint};
use crate::program::Program;
use crate::store::{DefinitionRef, Need, Owner, View};
use crate::time::{PeriodType, Until};

/// Makes a definition (rule D1). Its JSON is `{"reward": {…}}` or `{"point": {…}}`.
///
/// Outcome: the [`Defined`](crate::definition::Defined) definition, with its id.
///
/// ```
/// use scrip::{Amount, Define, Ledger, MemoryStore, Program, RewardDefinition};
///
/// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
/// let ten = ledger.at("2025-06-15T02:00:00Z".parse()?).commit(Define::from(ten))?;
/// assert_eq!(ten.definition.name(), "Ten");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Define(pub Definition);

impl From<RewardDefinition> for Define {
    fn from(definition: RewardDefinition) -> Self {
        Self(definition.into())
    }
}

impl From<PointDefinition> for Define {
    fn from(definition: PointDefinition) -> Self {
        Self(definition.into())
    }
}

impl Operation for Define {
    type Answer = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need::of(Owner::CATALOGUE))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("define", self)
    }

    fn external(&self) -> Option<External> {
        Some(self.0.external())
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_definition(program, &self.0)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        check_handle(view, &self.0, None)?;
        let defined = Defined {
            id: DefinitionId::made_by(draft.first.number(), draft.first.next_sequence()),
            definition: self.0.clone(),
            is_archived: false,
            created_at: draft.at,
            updated_at: draft.at,
        };
        write(draft, defined);
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Defined> {
        defined(written)
    }
}

/// Replaces a definition. Lots issued from it before stay as they are (rule D3).
///
/// Outcome: the [`Defined`](crate::definition::Defined) definition.
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
/// use scrip::request::Redefine;
///
/// let twelve = RewardDefinition::new("ten".parse()?, "Ten and two", Amount::from(12));
/// till.commit(Redefine::new(ten.id, twelve))?;
/// // What was issued before keeps its terms (rule D3).
/// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Redefine {
    /// Which definition.
    pub id: DefinitionId,
    /// The new definition, of the same kind as before.
    pub definition: Definition,
}

impl Redefine {
    /// Replaces this definition.
    pub fn new(id: DefinitionId, definition: impl Into<Definition>) -> Self {
        Self { id, definition: definition.into() }
    }
}

impl Operation for Redefine {
    type Answer = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { definition: Some(DefinitionRef::Id(self.id)), ..Need::of(Owner::CATALOGUE) })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("redefine", self)
    }

    fn external(&self) -> Option<External> {
        Some(self.definition.external())
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_definition(program, &self.definition)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let before = current(view)?;
        if std::mem::discriminant(&before.definition) != std::mem::discriminant(&self.definition) {
            return Err(Rejection::UnknownDefinition { field: "id".into() });
        }
        check_handle(view, &self.definition, Some(self.id))?;
        let definition = self.definition.clone();
        write(draft, Defined { definition, updated_at: draft.at, ..before.clone() });
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Defined> {
        defined(written)
    }
}

/// Archives a definition: nothing is issued from it any more, and lots issued before stay (rule D3).
///
/// Its handle becomes free. Outcome: the [`Defined`](crate::definition::Defined) definition.
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
/// use scrip::request::ArchiveDefinition;
///
/// assert!(till.commit(ArchiveDefinition::new(ten.id))?.is_archived);
/// assert!(till.commit(IssueReward::new(alice, ten.id)).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ArchiveDefinition {
    /// Which definition.
    pub id: DefinitionId,
}

impl ArchiveDefinition {
    /// Archives this definition.
    pub const fn new(id: DefinitionId) -> Self {
        Self { id }
    }
}

impl Operation for ArchiveDefinition {
    type Answer = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { definition: Some(DefinitionRef::Id(self.id)), ..Need::of(Owner::CATALOGUE) })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("archive_definition", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let before = current(view)?;
        write(draft, Defined { is_archived: true, updated_at: draft.at, ..before.clone() });
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Defined> {
        defined(written)
    }
}

fn write(draft: &mut EntryBuilder<'_>, defined: Defined) {
    draft.write(EntryKind::Define(Box::new(defined)));
}

fn defined(written: &Written<'_>) -> Option<Defined> {
    match &written.first()?.kind {
        EntryKind::Define(defined) => Some((**defined).clone()),
        _ => None,
    }
}

/// The definition that a request about one names, unless it is archived.
fn current<'a>(view: &View<'a>) -> Result<&'a Defined, Rejection> {
    let unknown = || Rejection::UnknownDefinition { field: "id".into() };
    let defined = view.found.definition.and_then(|record| record.defined()).ok_or_else(unknown)?;
    if defined.is_archived {
        Err(Rejection::DefinitionArchived { field: "id".into(), definition: defined.id })
    } else {
        Ok(defined)
    }
}

/// A handle belongs to one definition that is in use (rule D1).
fn check_handle(
    view: &View<'_>,
    definition: &Definition,
    own: Option<DefinitionId>,
) -> Result<(), Rejection> {
    let holder = view.found.external.and_then(|record| record.defined());
    match holder {
        Some(other) if Some(other.id) != own && other.holds(definition.handle()) => {
            Err(Rejection::HandleTaken { external: definition.external(), first: other.id })
        }
        _ => Ok(()),
    }
}

fn check_definition(program: &Program, definition: &Definition) -> Result<(), Rejection> {
    match definition {
        Definition::Reward(reward) => check_reward(program, reward),
        Definition::Point(point) => check_point(program, point),
    }
}

fn check_reward(program: &Program, reward: &RewardDefinition) -> Result<(), Rejection> {
    check::text("name", &reward.name, LABEL)?;
    check::amount(program, "value", reward.value)?;
    if let Some(max) = reward.max_value {
        check::amount(program, "max_value", max)?;
        if reward.value > max {
            let (value, max) = (reward.value.into(), max.into());
            return Err(Rejection::AboveMaxValue { field: "value".into(), value, max });
        }
    }
    check_end(reward.period_type, reward.absolute_expiry)?;
    reward.scope.as_ref().map_or(Ok(()), |scope| check::scope(program, scope))?;
    let prose = [
        ("description", &reward.description),
        ("short_description", &reward.short_description),
        ("long_description", &reward.long_description),
        ("terms_conditions", &reward.terms_conditions),
        ("earn_instructions", &reward.earn_instructions),
        ("internal_notes", &reward.internal_notes),
        ("icon", &reward.icon),
        ("image_url", &reward.image_url),
    ];
    prose.into_iter().try_for_each(|(field, text)| check::optional_text(field, text.as_ref(), PROSE))?;
    check::tags(&reward.tags)
}

/// A day of its own must be said (rule T4).
fn check_end(period_type: PeriodType, absolute_expiry: Option<Until>) -> Result<(), Rejection> {
    if period_type == PeriodType::AbsoluteDate && absolute_expiry.is_none() {
        return Err(Rejection::Missing { field: "absolute_expiry".into() });
    }
    check::an_end("absolute_expiry", absolute_expiry)
}

/// Inactivity is counted in days, weeks, months or years, one at least (rule T9).
fn check_inactivity(point: &PointDefinition) -> Result<(), Rejection> {
    match (point.inactivity_period, point.inactivity_period_type) {
        (Some(0), _) => Err(Rejection::NotPositive { field: "inactivity_period".into() }),
        (_, PeriodType::Days | PeriodType::Weeks | PeriodType::Months | PeriodType::Years) => Ok(()),
        _ => Err(Rejection::CalendarPeriod { field: "inactivity_period_type".into() }),
    }
}

fn check_point(program: &Program, point: &PointDefinition) -> Result<(), Rejection> {
    check::text("name", &point.name, LABEL)?;
    if let Some(value) = point.value {
        check::points(program, "value", value)?;
    }
    check_end(point.period_type, point.absolute_expiry)?;
    check_inactivity(point)?;
    let prose = [("description", &point.description), ("notes", &point.notes)];
    prose.into_iter().try_for_each(|(field, text)| check::optional_text(field, text.as_ref(), PROSE))?;
    check::tags(&point.tags)
}

impl Definition {
    /// Its handle, as a name that a store can find.
    pub(crate) fn external(&self) -> External {
        match self {
            Self::Reward(reward) => External::RewardDefinition(reward.handle.clone()),
            Self::Point(point) => External::PointDefinition(point.handle.clone()),
        }
    }
}
