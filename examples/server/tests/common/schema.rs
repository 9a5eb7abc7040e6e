//! Whether an answer is what the server's own description says of it.
//!
//! Only what that description uses is understood; anything else in a schema is a failure, so that nothing passes unread.

use serde_json::Value;

use super::{Answer, Request};

/// Panics unless the answer is described, and is as described. Answers with the path that describes it.
#[track_caller]
pub fn check(description: &Value, request: &Request, answer: &Answer) -> Option<String> {
    let path = request.path.split('?').next().unwrap();
    let Some((template, operation)) = operation(description, path, &request.method.to_lowercase()) else {
        assert!(
            [401, 404, 405].contains(&answer.status),
            "{} {path} is not described, and answers {}",
            request.method,
            answer.status
        );
        return None;
    };
    let responses = &operation["responses"];
    let said = match &responses[answer.status.to_string()] {
        Value::Null => &responses["default"],
        said => said,
    };
    assert!(
        answer.status >= 400 || !responses[answer.status.to_string()].is_null(),
        "{} {path} answers {}, which is not described",
        request.method,
        answer.status
    );
    let schema = &said["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert!(answer.status != 204 || answer.body.is_empty());
        return Some(template);
    }
    let body: Value = answer.bare_json();
    if let Err(wrong) = conforms(description, schema, &body, "") {
        panic!("{} {path} {}: {wrong}\n{}", request.method, answer.status, answer.body);
    }
    // Nothing has come about that could have a version.
    if request.path.contains("dry_run=true") && answer.status == 200 {
        return Some(template);
    }
    // Whatever shows its version is described and sent with it as its tag, and nothing else is.
    let tag = body["data"]["version"].as_u64().map(|version| format!("\"{version}\""));
    assert_eq!(answer.header("etag"), tag.as_deref(), "{} {path}", request.method);
    assert_eq!(said["headers"]["ETag"].is_object(), tag.is_some(), "{} {path}", request.method);
    Some(template)
}

/// The described path that fits best: one with fewer holes wins.
fn operation<'a>(description: &'a Value, path: &str, method: &str) -> Option<(String, &'a Value)> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let holes: Vec<&str> = template.split('/').collect();
        holes.len() == parts.len()
            && holes
                .iter()
                .zip(&parts)
                .all(|(hole, part)| hole == part || (hole.starts_with('{') && !part.is_empty()))
    };
    let paths = description["paths"].as_object()?;
    let found =
        paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(t, _)| t.matches('{').count())?;
    Some((found.0.clone(), found.1.get(method)?))
}

pub fn conforms(description: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let fields = schema.as_object().ok_or_else(|| format!("{at}: no schema"))?;
    for (keyword, said) in fields {
        match keyword.as_str() {
            "$ref" => {
                let pointer = said.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or_default();
                let target =
                    description.pointer(pointer).ok_or_else(|| format!("{at}: {said} leads nowhere"))?;
                conforms(description, target, value, at)?;
            }
            "type" => {
                let types: Vec<&str> = match said {
                    Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                    one => one.as_str().into_iter().collect(),
                };
                if !types.iter().any(|name| is_of(value, name)) {
                    return Err(format!("{at}: {value} is not of {types:?}"));
                }
            }
            "properties" => {
                for (name, schema) in said.as_object().into_iter().flatten() {
                    if let Some(inner) = value.get(name) {
                        conforms(description, schema, inner, &format!("{at}.{name}"))?;
                    }
                }
                // An answer has no field that nobody described, unless it is open.
                let known =
                    said.as_object().map(|known| known.keys().collect::<Vec<_>>()).unwrap_or_default();
                let is_open = fields.contains_key("additionalProperties");
                let extra = value.as_object().into_iter().flatten().find(|(name, _)| !known.contains(name));
                if let Some((name, _)) = extra.filter(|_| !is_open) {
                    return Err(format!("{at}.{name} is not described"));
                }
            }
            "required" => {
                let missing = said.as_array().into_iter().flatten().filter_map(Value::as_str);
                if let Some(name) = missing.into_iter().find(|name| value.get(name).is_none()) {
                    return Err(format!("{at}.{name} is missing"));
                }
            }
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    conforms(description, said, inner, &format!("{at}[{index}]"))?;
                }
            }
            "oneOf" | "anyOf" => {
                let tried: Vec<_> = said.as_array().into_iter().flatten().collect();
                let failures: Vec<String> = tried
                    .iter()
                    .filter_map(|schema| conforms(description, schema, value, at).err())
                    .collect();
                if failures.len() == tried.len() {
                    return Err(failures.join("; or "));
                }
            }
            "additionalProperties" if *said == Value::Bool(true) => {}
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    conforms(description, said, inner, &format!("{at}.{name}"))?;
                }
            }
            "enum" => {
                if !said.as_array().into_iter().flatten().any(|one| one == value) {
                    return Err(format!("{at}: {value} is none of those described"));
                }
            }
            "pattern" => fits_pattern(said, value, at)?,
            "minimum" => {
                if value.is_number() && value.as_f64() < said.as_f64() {
                    return Err(format!("{at}: {value} is below {said}"));
                }
            }
            "description" | "format" | "propertyNames" => {}
            other => return Err(format!("{at}: the keyword {other} is not understood here")),
        }
    }
    Ok(())
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// There is one pattern for texts in answers: that of a time.
fn fits_pattern(pattern: &Value, value: &Value, at: &str) -> Result<(), String> {
    assert_eq!(pattern, r"^(\+1)?\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$", "another pattern at {at}");
    let text = value.as_str().unwrap_or_default();
    let shape: String = text
        .strip_prefix("+1")
        .unwrap_or(text)
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    if shape == "0000-00-00 00:00:00" { Ok(()) } else { Err(format!("{at}: {value} is no time")) }
}
