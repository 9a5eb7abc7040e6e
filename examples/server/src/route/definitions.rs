//! Definitions of rewards and of points: the same five endpoints for both.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use scrip::definition::{Defined, Definition};
use scrip::json::Json;
use scrip::request::{ArchiveDefinition, Redefine};
use scrip::{Define, DefinitionId, PointDefinition, RewardDefinition};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::{Failure, LedgerAt};
use crate::http::answer::Versioned;
use crate::http::body::{Body, Fields};
use crate::http::call::Call;
use crate::http::precondition::TRIES;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::definition::{PointTemplate, RewardTemplate, end};
use crate::shape::sent;

/// One of the two kinds of definitions.
pub trait Kind: 'static {
    type Shape: Serialize + ToSchema + Versioned;
    const WHAT: &'static str;
    const REQUIRED: &'static [&'static str];

    fn read(body: &Body) -> Result<Definition, Problem>;
    /// What it says now, in the ledger's own form, and what is kept with it.
    fn said(definition: &Definition) -> (Body, Option<&Json>);
    fn shape(defined: &Defined, version: u32) -> Option<Self::Shape>;
}

pub enum Rewards {}
pub enum Points {}

impl Kind for Rewards {
    type Shape = RewardTemplate;
    const WHAT: &'static str = "reward definition";
    const REQUIRED: &'static [&'static str] = &["name", "handle", "value"];

    fn read(body: &Body) -> Result<Definition, Problem> {
        body.read::<RewardDefinition>().map(Definition::from)
    }

    fn said(definition: &Definition) -> (Body, Option<&Json>) {
        match definition {
            Definition::Reward(reward) => (Body::from_value(reward), reward.meta.as_ref()),
            Definition::Point(_) => (Body::default(), None),
        }
    }

    fn shape(defined: &Defined, version: u32) -> Option<RewardTemplate> {
        RewardTemplate::of(defined, version)
    }
}

impl Kind for Points {
    type Shape = PointTemplate;
    const WHAT: &'static str = "point definition";
    const REQUIRED: &'static [&'static str] = &["name", "handle"];

    fn read(body: &Body) -> Result<Definition, Problem> {
        body.read::<PointDefinition>().map(Definition::from)
    }

    fn said(definition: &Definition) -> (Body, Option<&Json>) {
        match definition {
            Definition::Point(point) => (Body::from_value(point), point.meta.as_ref()),
            Definition::Reward(_) => (Body::default(), None),
        }
    }

    fn shape(defined: &Defined, version: u32) -> Option<PointTemplate> {
        PointTemplate::of(defined, version)
    }
}

pub async fn index<K: Kind>(call: Call) -> Result<Response, Problem> {
    let catalogue = match call.moment {
        LedgerAt::Now(_) => call.app.catalogue().await?,
        past @ LedgerAt::Past(_) => Arc::new(call.app.backend.catalogue(past).await?),
    };
    let in_use = catalogue.iter().filter(|defined| !defined.is_archived);
    list::page(&call, in_use.filter_map(|defined| K::shape(defined, catalogue.version_of(defined.id)?)))
}

pub async fn show<K: Kind>(call: Call) -> Result<Response, Problem> {
    let current = Current::of::<K>(&call).await?;
    Ok(answer::thing(StatusCode::OK, &K::shape(&current.defined, current.version)))
}

pub async fn create<K: Kind>(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    body.require(K::REQUIRED)?;
    body.drop_nulls();
    body.resolve(&[], &["absolute_expiry"])?;
    let defined = call.run(Define(definition::<K>(&call, body)?)).await;
    call.app.forget_catalogue();
    let defined = defined?.outcome;
    Ok(answer::thing(StatusCode::CREATED, &K::shape(&defined, defined.id.sequence())))
}

/// Changes what the body names, and leaves the rest.
pub async fn change<K: Kind>(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    let precondition = call.precondition(&body)?;
    for _ in 0..TRIES {
        let Current { id, defined, version, last } = Current::of::<K>(&call).await?;
        precondition.check(version.into())?;
        let changed = changed::<K>(&call, &defined.definition, body.clone())?;
        if changed == defined.definition {
            return Ok(answer::thing(StatusCode::OK, &K::shape(&defined, version)));
        }
        let done = call.run_at(last, Redefine::new(id, changed)).await;
        call.app.forget_catalogue();
        let sent = |problem: Problem| match problem.code() {
            // A value that stays is above what is to be the largest.
            "above_max_value" if !body.has("value") => problem.renamed("value", "max_value"),
            _ => problem,
        };
        if let Some(done) = done.map_err(|failure| sent(Problem::from(failure).in_path(K::WHAT)))? {
            return Ok(answer::thing(StatusCode::OK, &K::shape(&done.outcome, last + 1)));
        }
    }
    Err(Failure::Contention.into())
}

/// What a definition says from now on: what it said, with what the body says over it.
fn changed<K: Kind>(call: &Call, before: &Definition, mut body: Body) -> Result<Definition, Problem> {
    body.drop_unchanged("absolute_expiry", &expiry(before));
    body.resolve(&[], &["absolute_expiry"])?;
    let (mut said, kept) = K::said(before);
    said.remove("meta");
    said.0.extend(sent::unpack(kept));
    let merged = said.overlaid(body);
    merged.require(K::REQUIRED)?;
    definition::<K>(call, merged)
}

/// The definition that a body makes. What the ledger does not know is kept with it.
fn definition<K: Kind>(call: &Call, mut body: Body) -> Result<Definition, Problem> {
    let known = &call.app.description.names::<K::Shape>().known;
    let kept = |field: &String| field == "meta" || !known.contains(field);
    let beside: Fields =
        std::mem::take(&mut body.0).into_iter().fold(Fields::new(), |mut beside, (field, value)| {
            let fields = if kept(&field) { &mut beside } else { &mut body.0 };
            fields.insert(field, value);
            beside
        });
    if let Some(document) = sent::pack(beside)? {
        body.set("meta", &document);
    }
    K::read(&body)
}

pub async fn archive<K: Kind>(call: Call) -> Result<Response, Problem> {
    let precondition = call.precondition(&Body::default())?;
    for _ in 0..TRIES {
        let Current { id, version, last, .. } = Current::of::<K>(&call).await?;
        precondition.check(version.into())?;
        let done = call.run_at(last, ArchiveDefinition::new(id)).await;
        call.app.forget_catalogue();
        if done.map_err(|failure| Problem::from(failure).in_path(K::WHAT))?.is_some() {
            return Ok(answer::gone());
        }
    }
    Err(Failure::Contention.into())
}

/// A definition in use, its version, and the last entry about any.
struct Current {
    id: DefinitionId,
    defined: Defined,
    version: u32,
    last: u32,
}

impl Current {
    async fn of<K: Kind>(call: &Call) -> Result<Self, Problem> {
        let id: DefinitionId = call.id(K::WHAT)?;
        let catalogue = call.app.backend.catalogue(call.moment).await?;
        let in_use = |defined: &&Defined| !defined.is_archived && K::shape(defined, 0).is_some();
        let defined = catalogue.get(id).filter(in_use).cloned();
        let defined = defined.ok_or_else(|| Problem::not_found(K::WHAT))?;
        let version = catalogue.version_of(id).unwrap_or_default();
        Ok(Self { id, defined, version, last: catalogue.version() })
    }
}

/// What was answered as the definition's end.
fn expiry(definition: &Definition) -> Option<String> {
    match definition {
        Definition::Reward(reward) => reward.absolute_expiry.and_then(end),
        Definition::Point(point) => point.absolute_expiry.and_then(end),
    }
}
