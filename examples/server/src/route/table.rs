//! One table for the routes and for their description, so that neither can be without the other.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::openapi::{Answered, Doc, Schemas};
use crate::shape::preview::PreviewOut;

/// Routes, and what is to be said of them.
#[derive(Default)]
pub struct Table {
    pub router: Router<Shared>,
    pub docs: Vec<Doc>,
    pub schemas: Schemas,
}

impl Table {
    pub fn get<T: 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.on(Method::GET, MethodFilter::GET, path, summary, handler)
    }

    pub fn post<T: 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.on(Method::POST, MethodFilter::POST, path, summary, handler)
    }

    pub fn put<T: 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, path, summary, handler)
    }

    pub fn delete<T: 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, path, summary, handler)
    }

    fn on<T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        summary: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.router = self.router.route(path, on(filter, handler));
        self.docs.push(Doc {
            method,
            path,
            summary,
            body: None,
            echo: None,
            preview: None,
            answers: Vec::new(),
        });
        self
    }

    /// The last route takes such a body.
    pub fn takes<B: ToSchema>(mut self) -> Self {
        let name = self.schemas.add::<B>();
        self.last().body = Some(name);
        self
    }

    /// The last route takes such a body, or its own answer, edited.
    pub fn takes_edited<B: ToSchema, A: ToSchema>(self) -> Self {
        let mut table = self.takes::<B>();
        table.last().echo = Some(A::name().into_owned());
        table
    }

    /// What the last route would do can be asked for: `?dry_run=true`.
    pub fn can_run_dry(mut self) -> Self {
        let name = self.schemas.add::<PreviewOut>();
        self.last().preview = Some(name);
        self
    }

    /// The last route answers with one of these.
    pub fn gives<A: ToSchema>(self, status: u16) -> Self {
        self.answers::<A>(status, Answered::One)
    }

    /// The last route answers with a few of these.
    pub fn gives_all<A: ToSchema>(self, status: u16) -> Self {
        self.answers::<A>(status, Answered::Few)
    }

    /// The last route answers with a page of these.
    pub fn lists<A: ToSchema>(self) -> Self {
        self.answers::<A>(200, Answered::Page)
    }

    /// The last route answers with exactly this.
    pub fn gives_bare<A: ToSchema>(self, status: u16) -> Self {
        self.answers::<A>(status, Answered::Bare)
    }

    /// The last route answers with nothing, or with something that is no JSON.
    pub fn gives_no_json(mut self, status: u16) -> Self {
        self.last().answers.push((status, Answered::NoJson, String::new()));
        self
    }

    fn answers<A: ToSchema>(mut self, status: u16, shape: Answered) -> Self {
        let name = self.schemas.add::<A>();
        self.last().answers.push((status, shape, name));
        self
    }

    fn last(&mut self) -> &mut Doc {
        let last = self.docs.len().saturating_sub(1);
        &mut self.docs[last]
    }
}
