//! Definitions of rewards and of points: the same five endpoints for both.

use std::sync::Arc;

use axum::response::Response;
use scrip::json::Json;
use scrip::{
    ArchiveDefinition, Define, Defined, Definition, DefinitionId, PointDefinition, Redefine, RewardDefinition,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::LedgerAt;
use crate::http::body::{Body, Fields};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::definition::{PointTemplate, RewardTemplate, end};
use crate::shape::sent;

/// One of the two kinds of definitions.
pub trait Kind: 'static {
    type Shape: Serialize + ToSchema;
    const WHAT: &'static str;
    const REQUIRED: &'static [&'static str];

    fn read(body: &Body) -> Result<Definition, Problem>;
    /// What it says now, in the ledger's own form, and what is kept with it.
    fn said(definition: &Definition) -> (Body, Option<&Json>);
    fn shape(defined: &Defined) -> Option<Self::Shape>;
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

    fn shape(defined: &Defined) -> Option<RewardTemplate> {
        RewardTemplate::of(defined)
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

    fn shape(defined: &Defined) -> Option<PointTemplate> {
        PointTemplate::of(defined)
    }
}

pub async fn index<K: Kind>(call: Call) -> Result<Response, Problem> {
    let catalogue = match call.moment {
        LedgerAt::Now(_) => call.app.catalogue().await?,
        past @ LedgerAt::Past(_) => Arc::new(call.app.backend.catalogue(past).await?),
    };
    let in_use = catalogue.iter().filter(|defined| !defined.is_archived);
    list::page(&call, in_use.filter_map(K::shape))
}

pub async fn show<K: Kind>(call: Call) -> Result<Response, Problem> {
    let (_, defined) = current::<K>(&call).await?;
    Ok(answer::ok(&K::shape(&defined)))
}

pub async fn create<K: Kind>(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    body.require(K::REQUIRED)?;
    body.drop_nulls();
    body.resolve(&[], &["absolute_expiry"])?;
    let defined = call.run(Define(definition::<K>(&call, body)?)).await;
    call.app.forget_catalogue();
    Ok(answer::created(&K::shape(&defined?.outcome)))
}

/// Changes what the body names, and leaves the rest.
pub async fn change<K: Kind>(call: Call) -> Result<Response, Problem> {
    let (id, defined) = current::<K>(&call).await?;
    let mut body = call.body()?;
    body.drop_unchanged("absolute_expiry", &expiry(&defined.definition));
    body.resolve(&[], &["absolute_expiry"])?;
    let (mut said, kept) = K::said(&defined.definition);
    said.remove("meta");
    said.0.extend(sent::unpack(kept));
    let merged = said.overlaid(body);
    merged.require(K::REQUIRED)?;
    let merged = definition::<K>(&call, merged)?;
    if merged == defined.definition {
        return Ok(answer::ok(&K::shape(&defined)));
    }
    let defined = call.run(Redefine::new(id, merged)).await;
    call.app.forget_catalogue();
    let defined = defined.map_err(|problem| problem.in_path(K::WHAT))?;
    Ok(answer::ok(&K::shape(&defined.outcome)))
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
    let (id, _) = current::<K>(&call).await?;
    let archived = call.run(ArchiveDefinition::new(id)).await;
    call.app.forget_catalogue();
    archived.map_err(|problem| problem.in_path(K::WHAT))?;
    Ok(answer::gone())
}

async fn current<K: Kind>(call: &Call) -> Result<(DefinitionId, Defined), Problem> {
    let id: DefinitionId = call.id(K::WHAT)?;
    let in_use = |defined: &Defined| !defined.is_archived && K::shape(defined).is_some();
    let defined = call.app.backend.definition(call.moment, id).await?.filter(in_use);
    Ok((id, defined.ok_or_else(|| Problem::not_found(K::WHAT))?))
}

/// What was answered as the definition's end.
fn expiry(definition: &Definition) -> Option<String> {
    match definition {
        Definition::Reward(reward) => reward.absolute_expiry.and_then(end),
        Definition::Point(point) => point.absolute_expiry.and_then(end),
    }
}
