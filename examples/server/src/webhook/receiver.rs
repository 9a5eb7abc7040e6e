//! The systems that webhooks are sent to: a name, an address, and the secrets that sign.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::http::Uri;
use standardwebhooks::Webhook;

use super::counts::Counts;
use super::registration::Registration;
use crate::options::Options;

/// The sizes of a secret, in bytes, as the convention has them.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;
pub const LONGEST_NAME: usize = 32;
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

/// A system that webhooks are sent to.
pub struct Receiver {
    /// Under this, it is remembered how far it was told: the address may change.
    pub name: String,
    pub url: Uri,
    /// The current secret, and older ones that still sign as well.
    secrets: Vec<Webhook>,
    pub tries: Tries,
    pub counts: Counts,
    /// The number of its registration; none, if an option gives it.
    pub number: Option<i64>,
    has_ended: AtomicBool,
}

/// How often, and how patiently, a delivery is tried.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// After this many it is a dead letter.
    pub most: u32,
    /// The first wait; each one after it is twice as long.
    pub first_wait: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Receiver {
    /// Those that the options name.
    ///
    /// # Errors
    /// The options do not go together, or a file with secrets is none.
    pub fn all(options: &Options) -> Result<Vec<Self>, String> {
        let tries = Tries::of(options);
        let names: BTreeSet<&String> = options.webhook.iter().map(|(name, _)| name).collect();
        if names.len() < options.webhook.len() {
            return Err("--webhook: two receivers have one name".to_owned());
        }
        if let Some((name, _)) = options.webhook_secret_file.iter().find(|(name, _)| !names.contains(name)) {
            return Err(format!("--webhook-secret-file: there is no --webhook {name}"));
        }
        let receivers = options.webhook.iter().map(|(name, url)| {
            let mut files = options.webhook_secret_file.iter().filter(|(other, _)| other == name);
            let (Some((_, path)), None) = (files.next(), files.next()) else {
                return Err(format!("--webhook {name}: give it one --webhook-secret-file {name}=PATH"));
            };
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
            let secrets = text.and_then(|text| secrets(&text));
            let secrets =
                secrets.map_err(|error| format!("webhook secrets in {}: {error}", path.display()))?;
            Ok(Self::new(name, url.clone(), secrets, tries, None))
        });
        receivers.collect()
    }

    /// One that was registered.
    ///
    /// # Errors
    /// What cannot be.
    pub fn registered(registration: &Registration, tries: Tries) -> Result<Self, String> {
        let (url, secret) = (url(&registration.url)?, secret(&registration.secret)?);
        Ok(Self::new(&registration.name, url, vec![secret], tries, Some(registration.number)))
    }

    fn new(name: &str, url: Uri, secrets: Vec<Webhook>, tries: Tries, number: Option<i64>) -> Self {
        if url.scheme_str() == Some("http") {
            tracing::warn!(receiver = name, "webhooks go to this receiver in the clear");
        }
        let (name, counts, has_ended) = (name.to_owned(), Counts::default(), AtomicBool::default());
        Self { name, url, secrets, tries, counts, number, has_ended }
    }

    /// From now on it is told nothing.
    pub fn end(&self) {
        self.has_ended.store(true, Relaxed);
    }

    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Relaxed)
    }

    /// The signatures of a message, one for each secret: whoever still has an older one finds his.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> Option<String> {
        let signed = self.secrets.iter().map(|secret| secret.sign(id, timestamp, body.as_bytes()).ok());
        signed.collect::<Option<Vec<_>>>().map(|signatures| signatures.join(" "))
    }

    /// The address, without what only the receiver should know.
    pub fn shown_url(&self) -> String {
        let host = self.url.authority().map_or("", |authority| {
            let text = authority.as_str();
            text.rsplit_once('@').map_or(text, |(_, host)| host)
        });
        format!("{}://{host}{}", self.url.scheme_str().unwrap_or_default(), self.url.path())
    }
}

impl Tries {
    pub fn of(options: &Options) -> Self {
        Self {
            most: options.webhook_attempts,
            first_wait: options.webhook_backoff,
            timeout: options.webhook_timeout,
        }
    }

    /// How long to wait after so many tries, before chance is added.
    pub fn wait(self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.first_wait.saturating_mul(doubled).min(LONGEST_WAIT)
    }
}

/// One secret on a line: the current one first.
fn secrets(text: &str) -> Result<Vec<Webhook>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let secrets = lines.map(secret).collect::<Result<Vec<_>, _>>()?;
    if secrets.is_empty() { Err("it holds no secret".to_owned()) } else { Ok(secrets) }
}

/// `whsec_MfKQ…`
pub fn secret(text: &str) -> Result<Webhook, &'static str> {
    let coded = text.strip_prefix("whsec_").ok_or("a secret begins with whsec_")?;
    let secret = Webhook::new(text).map_err(|_| "a secret is whsec_ and base64")?;
    let bytes = coded.trim_end_matches('=').len() * 3 / 4;
    if SECRET.contains(&bytes) { Ok(secret) } else { Err("a secret has 24 to 64 bytes") }
}

/// `crm=https://crm.example/hooks`
pub fn named_url(text: &str) -> Result<(String, Uri), String> {
    let (name, rest) = named(text)?;
    Ok((name, url(rest)?))
}

/// `https://crm.example/hooks`
pub fn url(text: &str) -> Result<Uri, &'static str> {
    let url: Uri = text.parse().map_err(|_| "is not a URL")?;
    let (Some("http" | "https"), Some(host)) = (url.scheme_str(), url.host().filter(|host| !host.is_empty()))
    else {
        return Err("is not a URL with http or https and a host");
    };
    let place = url.authority().map_or("", |authority| authority.as_str());
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let is_whole = match url.port_u16() {
        Some(port) => port > 0,
        None => place == host,
    };
    if is_whole { Ok(url) } else { Err("is not a URL with a port from 1 to 65535") }
}

/// `crm=/run/secrets/crm`
pub fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    named(text).map(|(name, path)| (name, path.into()))
}

fn named(text: &str) -> Result<(String, &str), String> {
    let (first, rest) = text.split_once('=').ok_or("must be NAME=…")?;
    Ok((name(first)?, rest))
}

/// `crm`
pub fn name(text: &str) -> Result<String, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("is not a name: 1 to 32 small letters, digits and dashes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a wait that grows without end, or overflows, or does not double.
    #[test]
    fn waits_double_up_to_six_hours() {
        let seconds = |seconds| Duration::from_secs(seconds);
        let tries = Tries { most: 24, first_wait: seconds(5), timeout: seconds(15) };
        let waits: Vec<Duration> = (1..24).map(|attempts| tries.wait(attempts)).collect();
        assert_eq!(waits[..4], [seconds(5), seconds(10), seconds(20), seconds(40)]);
        assert_eq!(waits[12], seconds(20_480));
        assert!(waits[13..].iter().all(|wait| *wait == LONGEST_WAIT));
        let whole: Duration = waits.iter().sum();
        assert!(whole > seconds(2 * 86_400) && whole < seconds(4 * 86_400), "{whole:?}");
        assert_eq!(tries.wait(u32::MAX), LONGEST_WAIT);
    }

    /// Catches: a secret that anyone could guess, or that is not what the receiver has.
    #[test]
    fn secrets_are_checked() {
        let good = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u";
        assert_eq!(secrets(&format!("{good}\n\n  {good}\n")).unwrap().len(), 2);
        for bad in ["", "\n", "whsec_", "whsec_c2hvcnQ=", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", "whsec_%%%%"] {
            assert!(secrets(bad).is_err(), "{bad}");
        }
        assert!(secrets(&format!("{good}\nwhsec_c2hvcnQ=")).is_err());
    }
}
