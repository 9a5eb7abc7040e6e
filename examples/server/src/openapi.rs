//! The description of the interface, made from the table of routes and the types of the answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::known::{Names, Understood};
use crate::http::list::{Links, Meta};
use crate::http::problem::Problem;
use crate::route::Table;
use crate::webhook::Message;

/// One route.
pub struct Doc {
    pub method: Method,
    pub path: &'static str,
    pub summary: &'static str,
    pub body: Option<String>,
    /// The answer that can be sent back, edited.
    pub echo: Option<String>,
    /// What a dry run answers, where there is one.
    pub preview: Option<String>,
    pub answers: Vec<(u16, Answered, String)>,
}

/// What holds everywhere, and is easily got wrong.
const ABOUT: &str = "A rewards ledger over HTTP.\n\n\
    Redeeming is lenient: `POST /api/v3/profiles/alice/redemptions {\"amount\": 10}` takes what there is, and answers with \
    `requested`, `total` and `is_partial: true` where that is less. `{\"amount\": 10, \"strict\": true}` takes all or nothing. \
    Holds are strict unless they say otherwise.\n\n\
    Ids of profiles are compared byte for byte: `René` with one letter é (U+00E9) and `René` with an e and an accent \
    (U+0065 U+0301) are two profiles.\n\n\
    `null` is as good as leaving a field out; `\"never\"` is an expiry that never comes.";

/// The shapes that keep whatever else is sent, and give it back.
const OPEN: [&str; 6] = [
    "Transaction",
    "TransactionBody",
    "RewardDefinition",
    "RewardDefinitionBody",
    "PointDefinition",
    "PointDefinitionBody",
];

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

    /// The names of a shape's fields.
    fn names(&self, shape: &str) -> Names {
        let schema = self.0.get(shape).unwrap_or(&Value::Null);
        let known = schema["properties"].as_object().into_iter().flatten();
        Names {
            known: known.map(|(name, _)| name.clone()).collect(),
            is_open: schema["additionalProperties"] == json!(true),
        }
    }
}

impl Doc {
    /// Everything under `/api` can be asked as of the past.
    fn as_of(&self) -> bool {
        self.method == Method::GET && self.path.starts_with("/api/")
    }

    /// The shape that a list is of.
    fn listed(&self) -> Option<&String> {
        self.answers.iter().find(|(_, shape, _)| *shape == Answered::Page).map(|(_, _, name)| name)
    }

    fn understood(&self, schemas: &Schemas) -> Understood {
        let names = |shape: Option<&String>| shape.map(|shape| schemas.names(shape));
        let mut fields = names(self.body.as_ref()).unwrap_or_default();
        fields.known.extend(names(self.echo.as_ref()).unwrap_or_default().known);
        let parameters = parameters(self).into_iter().filter(|parameter| parameter["in"] == "query");
        Understood {
            fields,
            parameters: parameters
                .filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()))
                .collect(),
            filters: names(self.listed()),
        }
    }
}

/// The description of the interface, and what each route understands by it.
pub struct Description {
    pub text: String,
    routes: HashMap<(Method, &'static str), Arc<Understood>>,
    shapes: HashMap<String, Names>,
}

impl Description {
    pub fn new() -> Self {
        let mut table = crate::route::table();
        let text = document(&mut table);
        let understood =
            |doc: &Doc| ((doc.method.clone(), doc.path), Arc::new(doc.understood(&table.schemas)));
        Self {
            text,
            routes: table.docs.iter().map(understood).collect(),
            shapes: table.schemas.0.keys().map(|name| (name.clone(), table.schemas.names(name))).collect(),
        }
    }

    /// What a route understands. Asking for the head is asking.
    pub fn understood(&self, method: &Method, path: &str) -> Option<Arc<Understood>> {
        let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
        self.routes.get(&(method, path)).cloned()
    }

    /// The fields of a shape.
    pub fn names<T: ToSchema>(&self) -> &Names {
        static NONE: Names = Names { known: Vec::new(), is_open: false };
        self.shapes.get(&*T::name()).unwrap_or(&NONE)
    }
}

/// Calls with their answers, one after the other, as a server answers them that was just started.
const EXAMPLES: &str = include_str!("examples.json");

/// Puts the example calls beside what they are examples of.
fn illustrate(paths: &mut Map<String, Value>) {
    let examples: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for example in &examples {
        let [Some(method), Some(route)] = ["method", "route"].map(|name| example[name].as_str()) else {
            continue;
        };
        let Some(operation) = paths.get_mut(route).map(|path| &mut path[method.to_lowercase()]) else {
            continue;
        };
        if !example["body"].is_null() {
            operation["requestBody"]["content"]["application/json"]["example"] = example["body"].clone();
        }
        let response = &mut operation["responses"][example["status"].to_string()];
        response["content"]["application/json"]["example"] = example["answer"].clone();
    }
}

/// The whole description, as JSON.
fn document(table: &mut Table) -> String {
    let problem = table.schemas.add::<Problem>();
    let message = table.schemas.add::<Message>();
    let (links, meta) = (table.schemas.add::<Links>(), table.schemas.add::<Meta>());
    for shape in OPEN {
        if let Some(schema) = table.schemas.0.get_mut(shape) {
            schema["additionalProperties"] = json!(true);
        }
    }
    if let Some(problem) = table.schemas.0.get_mut(&problem) {
        problem["properties"]["code"]["enum"] = json!(crate::http::code::all());
    }
    let mut paths: Map<String, Value> = Map::new();
    for doc in &table.docs {
        let mut operation = operation(doc, &problem, &links, &meta);
        let versioned = |name: &str| table.schemas.names(name).known.iter().any(|field| field == "version");
        for (status, _, name) in doc.answers.iter().filter(|(_, shape, _)| *shape == Answered::One) {
            if versioned(name) {
                operation["responses"][status.to_string()]["headers"] = tagged();
            }
        }
        let path = paths.entry(doc.path).or_insert_with(|| json!({}));
        path[doc.method.as_str().to_lowercase()] = operation;
    }
    illustrate(&mut paths);
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "scrip-server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
        },
        "paths": paths,
        "webhooks": {"event": {"post": outgoing(&message)}},
        "components": {
            "schemas": table.schemas.0,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    });
    document.to_string()
}

/// What is sent to the receivers of webhooks.
fn outgoing(message: &str) -> Value {
    let header = |name: &str, says: &str| json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}, "description": says});
    json!({
        "summary": "An event, sent to each receiver of webhooks",
        "parameters": [
            header("webhook-id", "The event's id. The same event has the same id, however often it comes."),
            header("webhook-timestamp", "When it was sent, in seconds since 1970."),
            header("webhook-signature", "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; one for each secret, with blanks between."),
        ],
        "requestBody": {"content": {"application/json": {"schema": reference(message)}}},
        "responses": {"2XX": {"description": "Done with."}, "410": {"description": "No more of them."}},
    })
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
    if let Some(preview) = &doc.preview {
        add_preview(&mut responses, object(&[("data", reference(preview))]));
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

/// What a dry run answers is 200, also where that is what is answered once it is done.
fn add_preview(responses: &mut Map<String, Value>, preview: Value) {
    let response =
        responses.entry("200").or_insert_with(|| json!({"description": "What a dry run would do."}));
    let schema = &mut response["content"]["application/json"]["schema"];
    *schema = if schema.is_null() { preview } else { json!({"anyOf": [schema.take(), preview]}) };
}

fn parameters(doc: &Doc) -> Vec<Value> {
    let text = json!({"type": "string"});
    let whole = json!({"type": "integer", "minimum": 1});
    let in_query = |name: &str, schema: &Value, says: &str| json!({"name": name, "in": "query", "required": false, "schema": schema, "description": says});
    let names = doc.path.split(['{', '}']).skip(1).step_by(2);
    let mut parameters: Vec<Value> =
        names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": text})).collect();
    if doc.listed().is_some() {
        parameters.push(in_query("page[number]", &whole, "Which page."));
        let says = "Instead of a page number: rows by id, after this one. Nothing for the first page, and then as `links.next` says. No \
            row is seen twice, and none that is there throughout is missed, whatever changes between two pages.";
        parameters.push(in_query("page[cursor]", &text, says));
        parameters.push(in_query("page[size]", &whole, "How many on a page: 100, 500 at most."));
        parameters.push(json!({
            "name": "filter", "in": "query", "required": false, "style": "deepObject",
            "schema": {"type": "object"}, "description": "Those with this value in this field: filter[field]=value. An unknown field is 422.",
        }));
    }
    if doc.as_of() {
        let says = "As of when: a time in UTC, or a date, which is the end of that day in the program's zone. Now unless said.";
        parameters.push(in_query("at", &text, says));
    }
    if doc.preview.is_some() {
        let says = "`true`: say what the call would do, the balances before and after, and do nothing of it.";
        parameters.push(in_query("dry_run", &json!({"type": "boolean"}), says));
    }
    if doc.path.ends_with("/points/earned") {
        parameters.push(in_query("definition_id", &text, "Of which definition of points. Required."));
        parameters.push(in_query("from", &text, "The first instant of purchases that count: a time in UTC, or a day in the program's zone. Required."));
        parameters.push(in_query("to", &text, "The first instant after them. Required."));
    }
    if doc.path.starts_with("/reports/liability") {
        parameters.push(in_query(
            "from",
            &text,
            "The first day, in the program's zone: the first of last month unless said.",
        ));
        parameters.push(in_query("to", &text, "The last day: the last of its month unless said."));
        parameters.push(in_query("by", &text, "How long a period is: `month`, or `day`."));
    }
    if doc.path.starts_with("/reports/breakage") {
        parameters.push(in_query("kind", &text, "Of what: `rewards`, or `points`."));
    }
    if doc.path == "/events" {
        let says = "The `meta.cursor` of the answer before; nothing for the first one.";
        parameters.push(in_query("cursor", &text, says));
        parameters.push(in_query(
            "limit",
            &whole,
            "How many there are about in an answer: 100, 500 at most.",
        ));
        let says =
            "For how many seconds the answer is held back while there is nothing to tell: 0, 30 at most.";
        parameters.push(in_query("wait", &json!({"type": "integer", "minimum": 0}), says));
    }
    if doc.path == "/search" {
        let says = "A whole id, as it is written: of a profile, the external id of a transaction, reward or lot of points, or the \
            number of anything. Required.";
        parameters.push(in_query("q", &text, says));
    }
    if doc.path.contains("/external/") {
        parameters.push(in_query("profile_id", &text, "Whose, where several have it."));
    }
    if [Method::PUT, Method::DELETE].contains(&doc.method) && doc.path.starts_with("/api/") {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "required": false, "schema": text,
            "description": "The ETag of what was seen, which is its version: if it has changed since, nothing is done (412).",
        }));
    }
    if doc.method == Method::POST && doc.path.starts_with("/api/") {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": text,
            "description": "The same key with the same content is carried out once; all rows of a batch are one content.",
        }));
    }
    parameters
}

fn tagged() -> Value {
    json!({"ETag": {"schema": {"type": "string"}, "description": "Its version, in quotes."}})
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
