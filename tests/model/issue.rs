//! Issuing rewards and points (rules D2 to D5, S2, T2 to T5).

use scrip::definition::{Definition, Scope, Terms};
use scrip::id::{ExternalId, Handle};
use scrip::journal::LotKind;
use scrip::json::Json;
use scrip::time::{Period, Until, When};
use scrip::value::Quantity;
use scrip::{DefinitionId, IssuePoints, IssueReward, PeriodType, PointDefinition, Request, Zone};

use super::calendar::{Calendar, Micros, OutOfRange};
use super::define::{Version, is_reward};
use super::money::{MAX_TOTAL, Raw};
use super::profile::{Fact, Lot, Way, What};
use super::{Made, Model, Objections, Owner, Rank};

/// What both kinds of issue ask for.
pub(super) struct Wanted {
    kind: LotKind,
    definition: (Option<DefinitionId>, Option<Handle>),
    initial: Option<Raw>,
    remaining: Option<Raw>,
    issued_at: Option<When>,
    available_at: Option<When>,
    expires_at: Option<Until>,
    timezone: Option<Zone>,
    external_id: Option<ExternalId>,
    source_type: Option<String>,
    source: Option<String>,
    scope: Option<Scope>,
    meta: Option<Json>,
}

impl Wanted {
    fn badly_named(&self) -> Option<&'static str> {
        match &self.definition {
            (Some(_), Some(_)) => Some("contradiction"),
            (None, None) => Some("missing_field"),
            _ => None,
        }
    }
}

/// What is wrong with how a request names its definition.
pub(super) fn badly_named(request: &Request) -> Option<&'static str> {
    match request {
        Request::IssueReward(request) => Wanted::from(request).badly_named(),
        Request::IssuePoints(request) => Wanted::from(request).badly_named(),
        _ => None,
    }
}

/// What a definition says of the lots that are issued from it.
struct Template {
    kind: LotKind,
    value: Option<Raw>,
    max_value: Option<Raw>,
    period: Option<u32>,
    period_type: PeriodType,
    inactivity: Option<Period>,
    absolute_expiry: Option<Until>,
    extend_days: Option<u32>,
    timezone: Option<Zone>,
    scope: Option<Scope>,
    is_assignable: bool,
    is_reassignable: bool,
    is_extendable: bool,
}

fn raw(quantity: impl Into<Quantity>) -> Raw {
    quantity.into().ten_thousandths().into()
}

impl From<&IssueReward> for Wanted {
    fn from(request: &IssueReward) -> Self {
        Self {
            kind: LotKind::Reward,
            definition: (request.reward_definition_id, request.reward_definition_handle.clone()),
            initial: request.value_initial.map(raw),
            remaining: request.value_remaining.map(raw),
            issued_at: request.issued_at,
            available_at: request.available_at,
            expires_at: request.expires_at,
            timezone: request.timezone,
            external_id: request.external_id.clone(),
            source_type: None,
            source: None,
            scope: request.scope.clone(),
            meta: request.meta.clone(),
        }
    }
}

impl From<&IssuePoints> for Wanted {
    fn from(request: &IssuePoints) -> Self {
        Self {
            kind: LotKind::Point,
            definition: (request.point_definition_id, request.point_definition_handle.clone()),
            initial: request.value_initial.map(raw),
            remaining: request.value_remaining.map(raw),
            issued_at: request.issued_at,
            available_at: request.available_at,
            expires_at: request.expires_at,
            timezone: request.timezone,
            external_id: request.external_id.clone(),
            source_type: request.source_type.clone(),
            source: request.source.clone(),
            scope: None,
            meta: request.meta.clone(),
        }
    }
}

/// What is issued from a definition of points (rule K1).
pub(super) fn kind_of(point: &PointDefinition) -> LotKind {
    if point.is_redeemable { LotKind::Point } else { LotKind::Status }
}

/// How long its lots last without activity (rule T9).
pub(super) fn inactivity(point: &PointDefinition) -> Option<Period> {
    point.inactivity_period.map(|count| Period::new(count, point.inactivity_period_type))
}

impl From<&Definition> for Template {
    fn from(definition: &Definition) -> Self {
        match definition {
            Definition::Reward(reward) => Self {
                kind: LotKind::Reward,
                value: Some(raw(reward.value)),
                max_value: reward.max_value.map(raw),
                period: reward.period,
                period_type: reward.period_type,
                inactivity: None,
                absolute_expiry: reward.absolute_expiry,
                extend_days: reward.extend_days,
                timezone: reward.timezone,
                scope: reward.scope.as_deref().cloned(),
                is_assignable: reward.is_assignable,
                is_reassignable: reward.is_reassignable,
                is_extendable: reward.is_extendable,
            },
            Definition::Point(point) => Self {
                kind: kind_of(point),
                value: point.value.map(raw),
                max_value: None,
                period: point.period,
                period_type: point.period_type,
                inactivity: inactivity(point),
                absolute_expiry: point.absolute_expiry,
                extend_days: point.extend_days,
                timezone: point.timezone,
                scope: None,
                is_assignable: point.is_assignable,
                is_reassignable: point.is_reassignable,
                is_extendable: point.is_extendable,
            },
        }
    }
}

/// The three instants of a lot.
struct Times {
    issued_at: Micros,
    available_at: Micros,
    expires_at: Option<Micros>,
}

impl Model {
    pub(super) fn issue(&mut self, wanted: Wanted, profile: usize, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        self.check_issue_fields(&wanted, &mut objections);
        let decided_at = self.decided_at(Owner::Profile(profile), at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        let definition = self.definition_of(&wanted).cloned();
        objections.add_if(definition.is_none(), Rank::Unknown, "unknown_definition");
        // Its handle is free again, so it names nothing; a ledger that remembers whose it was may say more.
        let was = definition.is_none() && self.was_archived(&wanted);
        objections.add_loosely(was, [Rank::Unknown, Rank::Terms], "definition_archived");
        let (Some(at), Some(definition)) = (decided_at, definition) else { return Err(objections) };

        let template = Template::from(&definition.definition);
        objections.add_if(definition.is_archived, Rank::Terms, "definition_archived");
        objections.add_if(!template.is_assignable, Rank::Terms, "not_assignable");
        let timezone = wanted.timezone.or(template.timezone).unwrap_or(self.program.timezone);
        let times = times(&wanted, &template, Calendar::of(timezone), at);
        objections.add_if(times.is_err(), Rank::Terms, "time_out_of_range");
        let initial = wanted.initial.or(template.value);
        // Its class is that of a field, and it takes the definition to tell.
        objections.add_loosely(initial.is_none(), [Rank::Field(3), Rank::Terms], "missing_field");
        let Some(initial) = initial else { return Err(objections) };
        let came_in = wanted.remaining.unwrap_or(initial);
        let above_max = wanted.initial.is_some() && template.max_value.is_some_and(|max| initial > max);
        objections.add_if(above_max, Rank::Terms, "above_max_value");
        let scope = frozen(template.scope.as_ref(), wanted.scope.as_ref());
        objections.add_if(scope.is_none(), Rank::Terms, "scope_widened");
        objections.add_if(came_in > initial, Rank::Terms, "remaining_above_initial");
        let Ok(times) = times else { return Err(objections) };

        // A lot whose end is merely past arrives expired (rule D4). Where something says when it became available, or its
        // end is still to come, it must have a time of use (rule D7).
        let says_when = wanted.issued_at.is_some() || wanted.available_at.is_some();
        let is_strict = |end: Micros| says_when || end > at;
        let never = times.expires_at.is_some_and(|end| is_strict(end) && end <= times.available_at);
        objections.add_if(never, Rank::Terms, "never_usable");
        let account = &self.profiles[profile];
        let issued = account.sums(template.kind, account.now(Micros::MIN)).issued;
        objections.add_if(issued + came_in > MAX_TOTAL, Rank::Limit, "account_total_exceeded");
        if objections.codes().is_some() {
            return Err(objections);
        }
        let terms = Terms {
            timezone,
            period: template.period.map(|count| Period::new(count, template.period_type)),
            inactivity: template.inactivity,
            extend_days: template.extend_days,
            is_reassignable: template.is_reassignable,
            is_extendable: template.is_extendable,
        };
        let scope = scope.flatten();
        let wanted = Wanted { kind: template.kind, scope, ..wanted };
        Ok(self.keep_lot(wanted, definition.id, (initial, came_in), times, terms, profile, at))
    }

    fn check_issue_fields(&self, wanted: &Wanted, objections: &mut Objections) {
        if let Some(code) = wanted.badly_named() {
            objections.add(Rank::Field(1), code);
        }
        let decimals = match wanted.kind {
            LotKind::Reward => self.program.currency.minor_unit(),
            LotKind::Point | LotKind::Status => self.program.point_scale,
        };
        if let Some(initial) = wanted.initial {
            objections.quantity(3, initial, decimals, false);
        }
        if let Some(remaining) = wanted.remaining {
            objections.quantity(4, remaining, decimals, true);
        }
    }

    fn definition_of(&self, wanted: &Wanted) -> Option<&Version> {
        let found = match &wanted.definition {
            (Some(id), _) => self.catalogue.get(*id),
            // An archived definition has no handle any more.
            (None, Some(handle)) => {
                self.catalogue.after(self.catalogue.versions.len()).into_iter().find(|it| {
                    !it.is_archived
                        && it.definition.handle() == handle
                        && is_reward(&it.definition) == (wanted.kind == LotKind::Reward)
                })
            }
            (None, None) => None,
        };
        found.filter(|found| is_reward(&found.definition) == (wanted.kind == LotKind::Reward))
    }

    /// Whether a definition that is archived by now ever had the handle that is asked for.
    fn was_archived(&self, wanted: &Wanted) -> bool {
        let mut versions = self.catalogue.versions.iter();
        let is_archived = |id| self.catalogue.get(id).is_some_and(|newest| newest.is_archived);
        wanted.definition.1.as_ref().is_some_and(|handle| {
            versions.any(|version| version.definition.handle() == handle && is_archived(version.id))
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn keep_lot(
        &mut self,
        wanted: Wanted,
        definition: DefinitionId,
        (initial, came_in): (Raw, Raw),
        times: Times,
        terms: Terms,
        profile: usize,
        at: Micros,
    ) -> Made {
        let owner = &mut self.profiles[profile];
        owner.write_due(at);
        let (sequence, lot) = (owner.next_sequence(), owner.lots.len());
        let fact = Fact { sequence, initial, expires_at: times.expires_at, anew: None, meta: wanted.meta };
        owner.lots.push(Lot {
            foreign: None,
            sequence,
            kind: wanted.kind,
            definition: Some(definition),
            issued_at: times.issued_at,
            available_at: times.available_at,
            terms,
            active_from: Micros::MIN,
            external_id: wanted.external_id,
            source_type: wanted.source_type,
            source: wanted.source,
            scope: wanted.scope.map(Box::new),
            origin: None,
            own: None,
            facts: vec![fact],
            revoked: None,
            moved: None,
        });
        owner.flow(lot, Way::Issued, came_in);
        owner.write(at, What::Issued(lot));
        Made::Lot { profile, lot }
    }
}

/// Rule S2: the scope that is frozen, where what is asked for leaves out at least as much as the definition does. One that leaves
/// out nothing is none.
fn frozen(own: Option<&Scope>, asked: Option<&Scope>) -> Option<Option<Scope>> {
    let (mut scope, asked) = (own.cloned().unwrap_or_default(), asked.cloned().unwrap_or_default());
    if !asked.only.is_empty() {
        let is_more = asked.only.iter().any(|tag| !scope.only.contains(tag));
        if !scope.only.is_empty() && is_more {
            return None;
        }
        scope.only = asked.only;
    }
    let more = asked.except.into_iter().filter(|tag| !scope.except.contains(tag)).collect::<Vec<_>>();
    scope.except.extend(more);
    if asked.minimum_spend.is_some() {
        if asked.minimum_spend < scope.minimum_spend {
            return None;
        }
        scope.minimum_spend = asked.minimum_spend;
    }
    Some(Some(scope).filter(|scope| *scope != Scope::default()))
}

/// Rules T3 to T5: explicit expiry before absolute expiry before period, all in the lot's zone.
fn times(wanted: &Wanted, template: &Template, calendar: Calendar, at: Micros) -> Result<Times, OutOfRange> {
    let issued_at = wanted.issued_at.map_or(Ok(at), |when| calendar.begin(when))?;
    let available_at = wanted.available_at.map_or(Ok(issued_at), |when| calendar.begin(when))?;
    let expires_at = match (wanted.expires_at.or(template.absolute_expiry), template.period) {
        (Some(until), _) => calendar.end(until)?,
        (None, Some(count)) => Some(calendar.after(issued_at, count, template.period_type)?),
        (None, None) => None,
    };
    Ok(Times { issued_at, available_at, expires_at })
}
