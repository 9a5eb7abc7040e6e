//! The terms that a definition gives to the lots issued from it (rules D1 to D3).

use crate::definition::{Defined, Definition, Scope, Terms};
use crate::engine::Rejection;
use crate::id::DefinitionId;
use crate::journal::LotKind;
use crate::program::Program;
use crate::time::{Period, Until, Zone};
use crate::value::Quantity;

/// The terms that a definition of either kind gives to an issue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template<'a> {
    pub(crate) definition: DefinitionId,
    pub(crate) kind: LotKind,
    pub(crate) is_archived: bool,
    pub(crate) value: Option<Quantity>,
    pub(crate) max: Option<Quantity>,
    pub(crate) absolute_expiry: Option<Until>,
    pub(crate) timezone: Option<Zone>,
    pub(crate) period: Option<Period>,
    pub(crate) inactivity: Option<Period>,
    pub(crate) extend_days: Option<u32>,
    pub(crate) is_assignable: bool,
    pub(crate) is_reassignable: bool,
    pub(crate) is_extendable: bool,
    /// What its lots may be spent on.
    pub(crate) scope: Option<&'a Scope>,
}

impl<'a> Template<'a> {
    pub(crate) fn of(defined: &'a Defined) -> Self {
        let (definition, is_archived) = (defined.id, defined.is_archived);
        match &defined.definition {
            Definition::Reward(reward) => Self {
                definition,
                kind: LotKind::Reward,
                is_archived,
                value: Some(reward.value.into()),
                max: reward.max_value.map(Quantity::from),
                absolute_expiry: reward.absolute_expiry,
                timezone: reward.timezone,
                period: reward.period_type.counted(reward.period),
                inactivity: None,
                extend_days: reward.extend_days,
                is_assignable: reward.is_assignable,
                is_reassignable: reward.is_reassignable,
                is_extendable: reward.is_extendable,
                scope: reward.scope.as_deref(),
            },
            Definition::Point(point) => Self {
                definition,
                kind: if point.is_redeemable { LotKind::Point } else { LotKind::Status },
                is_archived,
                value: point.value.map(Quantity::from),
                max: None,
                absolute_expiry: point.absolute_expiry,
                timezone: point.timezone,
                period: point.period_type.counted(point.period),
                inactivity: point.inactivity(),
                extend_days: point.extend_days,
                is_assignable: point.is_assignable,
                is_reassignable: point.is_reassignable,
                is_extendable: point.is_extendable,
                scope: None,
            },
        }
    }

    /// The scope frozen in a lot: the definition's, narrowed by the request's (rule S2). One that leaves out nothing is
    /// none.
    pub(crate) fn scope(&self, requested: Option<&Scope>) -> Result<Option<Box<Scope>>, Rejection> {
        let scope = match (self.scope, requested) {
            (own, None) => own.cloned(),
            (None, given) => given.cloned(),
            (Some(own), Some(by)) => {
                let widened = || Rejection::ScopeWidened { definition: self.definition };
                Some(own.narrowed(by).ok_or_else(widened)?)
            }
        };
        Ok(scope.filter(|scope| !scope.is_everything()).map(Box::new))
    }

    /// The terms frozen in a lot (rule D3). Its zone is the request's, else the definition's, else the program's
    /// (rule T3).
    pub(crate) fn terms(&self, requested: Option<Zone>, program: &Program) -> Terms {
        Terms {
            timezone: requested.or(self.timezone).unwrap_or(program.settings().timezone),
            period: self.period,
            inactivity: self.inactivity,
            extend_days: self.extend_days,
            is_reassignable: self.is_reassignable,
            is_extendable: self.is_extendable,
        }
    }
}
