//! What a client has seen: it says so by `If-Match`, or by the `version` in what it sends back. If the thing has changed since,
//! nothing is done, so that nobody's change is lost.

use axum::http::{HeaderMap, header};

use super::body::Body;
use super::call::Call;
use super::code::Code;
use super::problem::Problem;

/// How often a change is tried, while others change the same account.
pub const TRIES: usize = 32;

/// The versions that a client would change.
#[derive(Clone, Debug)]
pub struct Precondition {
    tags: Option<Vec<String>>,
    version: Option<u64>,
}

impl Call {
    pub fn precondition(&self, body: &Body) -> Result<Precondition, Problem> {
        Ok(Precondition { tags: tags(&self.headers), version: body.get("version")? })
    }
}

impl Precondition {
    /// Whether the client has seen this version, or does not say what it has seen.
    ///
    /// # Errors
    /// It has seen another one.
    pub fn check(&self, version: u64) -> Result<(), Problem> {
        let now = tag(version);
        if self.tags.as_ref().is_some_and(|tags| !tags.iter().any(|tag| *tag == now || tag == "*")) {
            let message = format!("it has changed: its ETag is {now}");
            return Err(Problem::new(Code::PreconditionFailed, message));
        }
        match self.version {
            Some(seen) if seen != version => {
                let message = format!("it has changed since version {seen}: it is version {version} now");
                Err(Problem::field(Code::VersionConflict, "version", message))
            }
            _ => Ok(()),
        }
    }
}

/// A version as an entity tag.
pub fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The tags of `If-Match`; one that is weak matches nothing.
fn tags(headers: &HeaderMap) -> Option<Vec<String>> {
    let values: Vec<_> = headers.get_all(header::IF_MATCH).iter().collect();
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    let tags = texts.flat_map(|text| text.split(',').map(|tag| tag.trim().to_owned())).collect();
    (!values.is_empty()).then_some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_compared_with_what_is() {
        let passes = |said: &str, version| {
            let headers = HeaderMap::from_iter([(header::IF_MATCH, said.parse().unwrap())]);
            Precondition { tags: tags(&headers), version: None }.check(version).is_ok()
        };
        for said in ["\"7\"", "\"6\", \"7\"", "*", " \"7\" "] {
            assert!(passes(said, 7), "{said}");
        }
        for said in ["\"8\"", "7", "W/\"7\"", "", "\"77\""] {
            assert!(!passes(said, 7), "{said}");
        }
        assert_eq!(tags(&HeaderMap::new()), None);
    }
}
