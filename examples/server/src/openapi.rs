//! The description of the interface, made from the table of routes and the types of the answers.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::list::{Links, Meta};
use crate::http::problem::Problem;

/// One route.
pub struct Doc {
    pub method: Method,
    pub path: &'static str,
    pub summary: &'static str,
    pub body: Option<String>,
    pub as_of: bool,
    pub answers: Vec<(u16, Answered, String)>,
}

/// How an answer holds what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// `{"data": {…}}`
    One,
    /// `{"data": […]}`
    Few,
    /// `{"data": […], "links": {…}, "meta": {…}}`
    Page,
    /// As it is.
    Bare,
    NoJson,
}

/// The shapes that answers and bodies have, by name.
#[derive(Default)]
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Adds a type and those that it is made of; answers with its name.
    pub fn add<T: ToSchema>(&mut self) -> String {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        parts.push((T::name().into_owned(), T::schema()));
        for (name, schema) in parts {
            self.0.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
        T::name().into_owned()
    }
}

/// The whole description, as JSON.
pub fn document() -> String {
    let mut table = crate::route::table();
    let problem = table.schemas.add::<Problem>();
    let (links, meta) = (table.schemas.add::<Links>(), table.schemas.add::<Meta>());
    // Whatever else was sent comes back.
    if let Some(transaction) = table.schemas.0.get_mut("Transaction") {
        transaction["additionalProperties"] = json!(true);
    }
    if let Some(problem) = table.schemas.0.get_mut(&problem) {
        problem["properties"]["code"]["enum"] = json!(crate::http::code::all());
    }
    let mut paths: Map<String, Value> = Map::new();
    for doc in &table.docs {
        let operation = operation(doc, &problem, &links, &meta);
        let path = paths.entry(doc.path).or_insert_with(|| json!({}));
        path[doc.method.as_str().to_lowercase()] = operation;
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "scrip-server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A rewards ledger over HTTP.",
        },
        "paths": paths,
        "components": {
            "schemas": table.schemas.0,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    });
    document.to_string()
}

fn operation(doc: &Doc, problem: &str, links: &str, meta: &str) -> Value {
    let mut responses = Map::new();
    for (status, shape, name) in &doc.answers {
        let of = reference(name);
        let few = json!({"type": "array", "items": of});
        let schema = match shape {
            Answered::One => object(&[("data", of)]),
            Answered::Few => object(&[("data", few)]),
            Answered::Page => {
                object(&[("data", few), ("links", reference(links)), ("meta", reference(meta))])
            }
            Answered::Bare => of,
            Answered::NoJson => Value::Null,
        };
        let mut response = json!({"description": described(*status)});
        if !schema.is_null() {
            response["content"] = json!({"application/json": {"schema": schema}});
        }
        responses.insert(status.to_string(), response);
    }
    let refused = json!({
        "description": "Why not.",
        "content": {"application/json": {"schema": reference(problem)}},
    });
    responses.insert("default".to_owned(), refused);
    let mut operation =
        json!({"summary": doc.summary, "parameters": parameters(doc), "responses": responses});
    if let Some(body) = &doc.body {
        operation["requestBody"] = json!({"content": {"application/json": {"schema": reference(body)}}});
    }
    operation
}

fn parameters(doc: &Doc) -> Vec<Value> {
    let text = json!({"type": "string"});
    let whole = json!({"type": "integer", "minimum": 1});
    let in_query = |name: &str, schema: &Value, says: &str| json!({"name": name, "in": "query", "required": false, "schema": schema, "description": says});
    let names = doc.path.split(['{', '}']).skip(1).step_by(2);
    let mut parameters: Vec<Value> =
        names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": text})).collect();
    if doc.answers.iter().any(|(_, shape, _)| *shape == Answered::Page) {
        parameters.push(in_query("page[number]", &whole, "Which page."));
        parameters.push(in_query("page[size]", &whole, "How many on a page: 100, 500 at most."));
        parameters.push(json!({
            "name": "filter", "in": "query", "required": false, "style": "deepObject",
            "schema": {"type": "object"}, "description": "Those with this value in this field: filter[field]=value.",
        }));
    }
    if doc.as_of {
        parameters.push(in_query("at", &text, "As of when; now unless said."));
    }
    if doc.path.contains("/external/") {
        parameters.push(in_query("profile_id", &text, "Whose, where several have it."));
    }
    if doc.method == Method::POST {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": text,
            "description": "The same key with the same content is carried out once.",
        }));
    }
    parameters
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn described(status: u16) -> &'static str {
    match status {
        201 => "Done.",
        204 => "Gone.",
        _ => "As asked.",
    }
}
