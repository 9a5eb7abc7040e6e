//! Receivers that were registered over HTTP. They are kept beside the ledger, with their secrets, so that whichever server
//! delivers knows them.

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrip::store::postgres::rustls::crypto::ring;
use serde::{Deserialize, Serialize};

use super::keeper::{Session, Value};
use super::kept::{State, read, write};
use super::receiver::{LONGEST_NAME, Receiver, Tries};
use crate::backend::Failure;

/// How many bytes a secret has that is made here.
const SECRET: usize = 32;

/// What somebody wants to be registered.
#[derive(Clone)]
pub struct Wanted {
    pub url: Uri,
    /// Made from the host, if nobody says it.
    pub name: Option<String>,
    /// Made at random, if nobody says it.
    pub secret: Option<String>,
}

/// What became of it.
pub enum Registered {
    New(Registration),
    /// It was registered before, just so.
    Known,
    /// The name stands for something else: this field differs.
    Taken(&'static str),
    /// An option gives the receiver.
    Given,
}

/// A receiver that was registered.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    pub name: String,
    pub url: String,
    pub secret: String,
    /// Another one each time that the name is registered: what is done for an earlier one has no effect on this one.
    #[serde(skip)]
    pub number: i64,
}

impl Registration {
    /// # Errors
    /// The machine has no random numbers.
    pub fn new(name: &str, wanted: &Wanted) -> Result<Self, Failure> {
        let secret = match &wanted.secret {
            Some(secret) => secret.clone(),
            None => format!("whsec_{}", STANDARD.encode(random::<SECRET>()?)),
        };
        let (name, url) = (name.to_owned(), wanted.url.to_string());
        Ok(Self { name, url, secret, number: i64::from_le_bytes(random()?) })
    }

    /// Everyone who is registered, by name.
    pub async fn all(session: &Session) -> Result<Vec<Self>, Failure> {
        let text = "SELECT number, registration FROM webhook_registration ORDER BY name";
        let rows = session.ask(text, Vec::new()).await?;
        rows.iter().map(|(number, kept)| Ok(Self { number: *number, ..read(kept)? })).collect()
    }

    /// Keeps it, unless the name was taken meanwhile; whether it did. What was kept under the name goes on.
    pub async fn add(&self, session: &Session, state: &State) -> Result<bool, Failure> {
        const NEW: &str = "INSERT INTO webhook_registration (name, number, registration) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO NOTHING";
        const STATE: &str = "INSERT INTO webhook_receiver (name, state, is_gone) VALUES ($1, $2, 0)
            ON CONFLICT (name) DO NOTHING";
        let name = || Value::Text(self.name.clone());
        let new = (NEW, vec![name(), Value::Number(self.number), Value::Text(write(self))]);
        let rest = vec![(STATE, vec![name(), Value::Text(write(state))])];
        Ok(session.run_if(Some(new), rest).await?.is_some())
    }

    /// Ends one, with everything that is kept of it; whether there was one.
    pub async fn end(session: &Session, name: &str, number: i64) -> Result<bool, Failure> {
        const END: &str = "DELETE FROM webhook_registration WHERE name = $1 AND number = $2";
        let name = || Value::Text(name.to_owned());
        let rest = vec![
            ("DELETE FROM webhook_delivery WHERE receiver = $1", vec![name()]),
            ("DELETE FROM webhook_receiver WHERE name = $1", vec![name()]),
        ];
        Ok(session.run_if(Some((END, vec![name(), Value::Number(number)])), rest).await?.is_some())
    }

    pub fn is_at(&self, url: &Uri) -> bool {
        self.url.parse::<Uri>().is_ok_and(|own| own == *url)
    }

    /// The first field in which somebody wants something else.
    pub fn differs(&self, wanted: &Wanted) -> Option<&'static str> {
        let other_secret = wanted.secret.as_ref().is_some_and(|secret| *secret != self.secret);
        match self.is_at(&wanted.url) {
            false => Some("url"),
            true => other_secret.then_some("secret"),
        }
    }

    /// The receiver that this makes.
    pub fn receiver(&self, tries: Tries) -> Result<Receiver, Failure> {
        let made = Receiver::registered(self, tries);
        made.map_err(|what| Failure::Corrupt(format!("webhooks: {}: {what}", self.name)))
    }
}

/// A name after the host of an address: the first one that is free.
pub fn free_name(url: &Uri, is_taken: impl Fn(&str) -> bool) -> String {
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let plain = host.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let plain = plain.trim_matches('-');
    let base = if plain.is_empty() { "webhook" } else { plain };
    let mut count = 1_u32;
    loop {
        let end = if count == 1 { String::new() } else { format!("-{count}") };
        let begin: String = base.chars().take(LONGEST_NAME.saturating_sub(end.len())).collect();
        let name = format!("{}{end}", begin.trim_end_matches('-'));
        if !is_taken(&name) {
            return name;
        }
        count = count.saturating_add(1);
    }
}

fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| Failure::Store("webhooks: there are no random numbers".to_owned()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a name that is none, or that stands for another receiver already.
    #[test]
    fn a_name_is_made_of_the_host() {
        let long = format!("https://{}.example/", "a-".repeat(20));
        for (url, taken, name) in [
            ("https://crm.example/hooks", 0, "crm-example"),
            ("https://CRM.example:8443/", 1, "crm-example-2"),
            ("http://[::1]:80/", 0, "1"),
            ("http://_/", 0, "webhook"),
            (&long, 0, "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a"),
            (&long, 10, "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-11"),
        ] {
            let seen = std::cell::Cell::new(0);
            let made = free_name(&url.parse().unwrap(), |_| seen.replace(seen.get() + 1) < taken);
            assert_eq!(made, name, "{url}");
            assert_eq!(super::super::receiver::name(&made).as_deref(), Ok(name));
        }
    }
}
