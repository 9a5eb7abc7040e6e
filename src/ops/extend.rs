//! Extending lots (rule L1).

use std::collections::BTreeSet;

use chrono::{Days, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::LotRecord;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{LotId, ProfileId};
use crate::journal::{Balances, Bucket, EntryKind, Fingerprint, LotChange, LotState, Standing};
use crate::program::Program;
use crate::store::{Need, Owner, View};
use crate::time::{Expiry, TimeError, Until};
use crate::value::Quantity;

/// Extends lots: all of those that are named, or none (rule L1).
///
/// Outcome: the [`Extended`](crate::outcome::Extended) lots.
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
/// use scrip::request::Extend;
///
/// let week = RewardDefinition::new("week".parse()?, "Week", Amount::from(5)).valid_for(7, PeriodType::Days);
/// let week = till.commit(Define::from(week.with_extendable(true)))?;
/// let reward = till.commit(IssueReward::new(alice, week.id))?;
/// let extended = till.commit(Extend::by_days(alice, vec![reward.id], 7))?;
/// assert!(extended.lots[0].expires_at > reward.expires_at);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Extend {
    /// Whose lots.
    pub profile_id: ProfileId,
    /// Which.
    pub ids: Vec<LotId>,
    /// By how many local calendar days, counted from the expiry that each has; or …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// … until when. Without either, by what the definition said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_date: Option<Until>,
}

impl Extend {
    /// By this number of local calendar days.
    pub const fn by_days(profile_id: ProfileId, ids: Vec<LotId>, days: u32) -> Self {
        Self { profile_id, ids, extend_days: Some(days), extend_date: None }
    }

    /// Until a date or time.
    pub const fn until(profile_id: ProfileId, ids: Vec<LotId>, date: Until) -> Self {
        Self { profile_id, ids, extend_days: None, extend_date: Some(date) }
    }
}

/// Lots that were extended (rule L1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Extended {
    /// How they stand now, in the order of the request.
    pub lots: Vec<LotState>,
    /// The account's balances right after it.
    pub balances: Balances,
}

impl Operation for Extend {
    type Answer = Extended;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { lots: self.ids.as_slice().into(), ..Need::of(Owner::Profile(self.profile_id)) })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("extend", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        if self.ids.is_empty() {
            return Err(Rejection::Missing { field: "ids".into() });
        }
        match (self.extend_days, self.extend_date) {
            (Some(_), Some(_)) => {
                Err(Rejection::Contradiction { field: "extend_days".into(), other: "extend_date".into() })
            }
            (Some(0), None) => Err(Rejection::NotPositive { field: "extend_days".into() }),
            _ => check::an_end("extend_date", self.extend_date),
        }
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let lots = self.lots(draft, view)?;
        refuse(
            &lots,
            |lot| lot.now.standing == Standing::Revoked,
            |lots| Rejection::LotRevoked { field: "ids".into(), lots },
        )?;
        refuse(&lots, |lot| !lot.issue.terms.is_extendable, |lots| Rejection::NotExtendable { lots })?;
        refuse(&lots, |lot| lot.now.expires_at == Expiry::NEVER, |lots| Rejection::NeverExpires { lots })?;
        let mut changes = Vec::new();
        let (mut shortened, mut lapsed) = (Vec::new(), None);
        for lot in &lots {
            let expires_at = self.expiry(lot)?;
            if expires_at < lot.now.expires_at {
                shortened.push(lot.now.lot);
            }
            let change = extended(lot, expires_at, draft, self.end())?;
            // What has lapsed for inactivity does not come back (rule T9).
            let is_over =
                !expires_at.is_past(draft.at) && draft.account().ends_at(&change.after).is_past(draft.at);
            lapsed = lapsed.or((is_over || lot.now.has_lapsed()).then_some(lot.now.lot));
            changes.push(change);
        }
        if !shortened.is_empty() {
            return Err(Rejection::Shortens { lots: shortened });
        }
        if let Some(lot) = lapsed {
            return Err(Rejection::LotExpired { field: "ids".into(), lot });
        }
        refuse(
            &lots,
            |lot| lot.now.remaining.is_zero(),
            |lots| Rejection::NothingLeft { field: "ids".into(), lots },
        )?;
        draft.write(EntryKind::Extend(changes));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Extended> {
        let entry = written.first()?;
        match &entry.kind {
            EntryKind::Extend(changes) => Some(Extended {
                lots: changes.iter().map(|change| change.after).collect(),
                balances: entry.balances,
            }),
            _ => None,
        }
    }
}

impl Extend {
    /// The named lots, each once; or those that this profile does not have.
    fn lots<'a>(&self, draft: &EntryBuilder<'_>, view: &View<'a>) -> Result<Vec<LotRecord<'a>>, Rejection> {
        let mut seen = BTreeSet::new();
        let mut unknown = Vec::new();
        let mut lots = Vec::new();
        for id in self.ids.iter().filter(|id| seen.insert(**id)) {
            match LotRecord::find(&draft.first, view.found.lot(*id), *id, draft.at) {
                Some(lot) if !matches!(lot.now.standing, Standing::MovedTo(_)) => lots.push(lot),
                _ => unknown.push(*id),
            }
        }
        if unknown.is_empty() {
            Ok(lots)
        } else {
            Err(Rejection::UnknownLot { field: "ids".into(), lots: unknown })
        }
    }

    /// The field that says until when.
    fn end(&self) -> &'static str {
        if self.extend_date.is_some() { "extend_date" } else { "extend_days" }
    }

    /// A lot's new expiry: a number of local days after the present one, at the same wall time, or a date.
    fn expiry(&self, lot: &LotRecord<'_>) -> Result<Expiry, Rejection> {
        let zone = lot.issue.terms.timezone;
        let field = self.end();
        let expiry = match self.extend_date {
            Some(date) => date.resolve(zone),
            None => {
                let days = self.extend_days.or(lot.issue.terms.extend_days);
                let days = days.ok_or(Rejection::Missing { field: field.into() })?;
                later(lot, days)
            }
        };
        expiry.map_err(|_| Rejection::TimeOutOfRange { field: field.into() })
    }
}

/// The expiry a number of local days later, at the same wall time: that of the last second of use, as people see it.
fn later(lot: &LotRecord<'_>, days: u32) -> Result<Expiry, TimeError> {
    let Some(end) = lot.now.expires_at.instant() else { return Ok(Expiry::NEVER) };
    let zone = lot.issue.terms.timezone;
    let last = zone.local(end.checked_add(TimeDelta::seconds(-1))?);
    let later = last.checked_add_days(Days::new(days.into())).ok_or(TimeError::OutOfRange)?;
    let expiry = Until::Local(later).resolve(zone)?;
    // A day that repeats an hour may lead back to where it was; extending never shortens.
    Ok(expiry.max(lot.now.expires_at))
}

fn extended(
    lot: &LotRecord<'_>,
    expires_at: Expiry,
    draft: &EntryBuilder<'_>,
    field: &'static str,
) -> Result<LotChange, Rejection> {
    // Expired value comes back, if the new expiry is still to come.
    let standing = lot.standing_until(expires_at, draft.at, field)?;
    let after = LotState { expires_at, standing, ..lot.now };
    // Of a lot that is held past its expiry and has not been told so, nothing else is left.
    let value = if lot.is_expired() { lot.unheld() } else { Quantity::ZERO };
    Ok(lot.changed(after, [(Bucket::Expired, standing.bucket(), value)]))
}

fn refuse(
    lots: &[LotRecord<'_>],
    is_wrong: impl Fn(&LotRecord<'_>) -> bool,
    why: impl FnOnce(Vec<LotId>) -> Rejection,
) -> Result<(), Rejection> {
    let wrong: Vec<LotId> = lots.iter().filter(|lot| is_wrong(lot)).map(|lot| lot.now.lot).collect();
    if wrong.is_empty() { Ok(()) } else { Err(why(wrong)) }
}
