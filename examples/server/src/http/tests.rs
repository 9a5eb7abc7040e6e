//! The refusals that no client can bring about from outside, or not at will.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use scrip::store::sqlite::SqliteError;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::list;
use super::problem::{Problem, ProblemCode};
use crate::app::Shared;
use crate::backend::Failure;
use crate::options::Options;

/// The answer is whole: a status, a code, a text for people, and the code beside it for the log and the metrics.
async fn check(response: Response, status: StatusCode, code: &str) {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.extensions().get::<ProblemCode>().unwrap().0, code);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["code"], &body["errors"]), (&json!(code), &json!({})));
    assert!(!body["message"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_ledger_could_not_decide() {
    type Failed = scrip::Error<SqliteError>;
    for (error, status, code) in [
        (Failed::Contention { attempts: 3 }, StatusCode::SERVICE_UNAVAILABLE, "contention"),
        (Failed::InDoubt, StatusCode::GATEWAY_TIMEOUT, "in_doubt"),
        (Failed::Closed, StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (
            Failed::Store(Arc::new(SqliteError::NoTransaction)),
            StatusCode::SERVICE_UNAVAILABLE,
            "store_failed",
        ),
    ] {
        let problem = Problem::from(Failure::from(error));
        // What the store said is for the log.
        assert!(!problem.message().contains("transaction"));
        check(problem.into_response(), status, code).await;
    }
}

#[tokio::test]
async fn what_cannot_be_written() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    let problem = list::raw(&Unwritable).unwrap_err();
    check(problem.into_response(), StatusCode::INTERNAL_SERVER_ERROR, "not_written").await;
}

/// A call that comes after the queue was closed is told so; what was answered before is there after the next start.
#[tokio::test]
async fn a_call_that_comes_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let options = <Options as clap::Parser>::parse_from(["scrip-server", "--store", &store]);
    let issue = || {
        let body = json!({"profile_id": "p", "value_initial": 100, "point_definition_id": 1});
        Request::post("/api/v3/points").body(Body::from(body.to_string())).unwrap()
    };
    let app = crate::app(&options).await.unwrap();
    let service = TowerToHyperService::new(crate::route::router(Shared::clone(&app)));
    assert_eq!(service.call(issue()).await.unwrap().status(), StatusCode::CREATED);
    app.backend.close().await;
    check(service.call(issue()).await.unwrap(), StatusCode::SERVICE_UNAVAILABLE, "stopping").await;
    drop((service, app));
    let app = crate::app(&options).await.unwrap();
    let service = TowerToHyperService::new(crate::route::router(Shared::clone(&app)));
    let list = Request::get("/api/v3/profiles/p/points").body(Body::empty()).unwrap();
    let list = service.call(list).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let list: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["meta"]["total"], 1);
}
