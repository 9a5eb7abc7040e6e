//! Lists that change while they are paged through.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Request, Server, TOKEN};
use serde_json::{Value, json};

/// How many times a list is paged through, and on how many servers.
const RUNS: u64 = 10;
const SERVERS: u64 = 100;

/// Numbers that look random, by a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A list that is paged through, and what is known of its rows.
struct Run<'a> {
    server: &'a Server,
    dice: &'a mut Dice,
    definition: u64,
    profile: String,
    /// Whose each reward is that was not taken away.
    rewards: BTreeMap<u64, String>,
}

impl Run<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let request =
            Request::new(method, path).json(body).header("Authorization", &format!("Bearer {TOKEN}"));
        let answer = request.send(self.server.address).unwrap();
        // A reward that is used up can no longer be extended or moved, and nothing be redeemed from none.
        let is_done = answer.status < 300
            || ["nothing_left", "insufficient_value"].iter().any(|code| answer.body.contains(code));
        assert!(is_done, "{method} {path}: {}", answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.bare_json() }
    }

    fn issue(&mut self, count: u64) {
        let elsewhere = format!("{}-else", self.profile);
        let profiles: Vec<String> = (0..count)
            .map(|_| if self.dice.below(4) == 0 { elsewhere.clone() } else { self.profile.clone() })
            .collect();
        let rows: Vec<Value> = profiles
            .iter()
            .map(|profile| {
                let day = 1 + self.dice.below(28);
                json!({"profile_id": profile, "reward_definition_id": self.definition, "expires_at": format!("2025-07-{day:02}")})
            })
            .collect();
        let made = self.call("POST", "/rewards/batch", &json!(rows));
        let ids = made["data"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap());
        self.rewards.extend(ids.zip(profiles));
    }

    /// Adds, takes away, extends, moves or redeems something.
    fn change(&mut self) {
        let place = self.dice.below(self.rewards.len().max(1) as u64) as usize;
        let Some((id, profile)) = self.rewards.iter().nth(place).map(|(id, profile)| (*id, profile.clone()))
        else {
            return self.issue(3);
        };
        match self.dice.below(5) {
            0 => self.issue(1 + self.dice.0 % 3),
            1 => {
                self.call("DELETE", &format!("/rewards/{id}"), &json!({}));
                self.rewards.remove(&id);
            }
            2 => {
                let days = 1 + self.dice.below(90);
                let body = json!({"profile_id": profile, "ids": [id], "extend_days": days});
                self.call("POST", "/rewards/extend", &body);
            }
            3 => {
                let to =
                    if profile == self.profile { format!("{profile}-else") } else { self.profile.clone() };
                let path = format!("/rewards/{id}/reassign");
                if self.call("POST", &path, &json!({"profile_id": to}))["code"].is_null() {
                    self.rewards.insert(id, to);
                }
            }
            _ => {
                let body = json!({"amount": 1 + self.dice.below(25)});
                self.call("POST", &format!("/profiles/{profile}/redemptions"), &body);
            }
        }
    }

    /// Those that a list has: of one profile, or of all.
    fn listed(&self, is_all: bool) -> BTreeSet<u64> {
        let own = self.rewards.iter().filter(|(_, profile)| is_all || **profile == self.profile);
        own.map(|(id, _)| *id).collect()
    }

    /// Pages through a list while it changes. Answers with the number of pages.
    fn page_through(&mut self, path: &str, is_all: bool) -> usize {
        let mut throughout = self.listed(is_all);
        let mut seen = Vec::new();
        let size = 1 + self.dice.below(if is_all { 40 } else { 4 });
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("{path}{sign}page[size]={size}&page[cursor]="));
        let mut pages = 0;
        while let Some(path) = next {
            let page = self.call("GET", &path, &json!({}));
            let data = page["data"].as_array().unwrap();
            assert!(data.len() as u64 <= size);
            seen.extend(data.iter().map(|row| row["id"].as_u64().unwrap()));
            next =
                page["links"]["next"].as_str().map(|link| link.split_once("/api/v3").unwrap().1.to_owned());
            pages += 1;
            for _ in 0..self.dice.below(3) {
                self.change();
                let there = self.listed(is_all);
                throughout.retain(|id| there.contains(id));
            }
        }
        let once: BTreeSet<u64> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "{path}: a row is seen twice: {seen:?}");
        let missed: Vec<_> = throughout.difference(&once).collect();
        assert!(missed.is_empty(), "{path}: {missed:?} were there throughout, and not seen: {seen:?}");
        pages
    }
}

/// Catches: a cursor in the order of use, in which an extension moves a row; one that counts rows, from which a revocation takes
/// one away; a reward that moves to another profile while the list over all profiles is made.
#[test]
fn under_a_cursor_no_row_is_seen_twice_or_missed() {
    let mut dice = Dice(20_261_127);
    let mut pages = 0;
    for _ in 0..SERVERS {
        let server = Server::start();
        let more = json!({"is_extendable": true, "is_reassignable": true, "period": 30});
        let definition = server.define("ten", more);
        let mut rewards = BTreeMap::new();
        for run in 0..RUNS {
            let profile = format!("p{run}");
            let mut run = Run { server: &server, dice: &mut dice, definition, profile, rewards };
            run.issue(12);
            let own = [
                format!("/profiles/{}/rewards", run.profile),
                format!("/rewards?filter[profile_id]={}", run.profile),
            ];
            pages += match run.dice.below(3) {
                0 => run.page_through("/rewards", true),
                place => run.page_through(&own[place as usize - 1], false),
            };
            rewards = run.rewards;
        }
    }
    assert!(pages > 2_500, "{pages}");
}

/// Every list takes a cursor, says what it says with page numbers, and refuses what is no cursor.
#[test]
fn every_list_takes_a_cursor() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    for number in 0..7 {
        let issued = json!({"expires_at": format!("2025-08-{:02}", 20 - number)});
        server.issue(definition, "p", issued);
        server.post("/points", &json!({"profile_id": "p", "value_initial": 5})).is(201);
        server.post("/transactions", &json!({"profile_id": "p", "total": number})).is(201);
        server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201);
        server.post("/profiles/p/holds", &json!({"amount": 1})).is(201);
        server.define(&format!("n{number}"), json!({}));
    }
    let paths = server.description["paths"].as_object().unwrap();
    let is_list = |methods: &Value| {
        let schema = &methods["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        schema["properties"]["links"].is_object()
    };
    // Those of webhooks need a receiver: `webhooks.rs` has one.
    let lists = paths.iter().filter(|(path, methods)| is_list(methods) && !path.starts_with("/webhooks/"));
    let lists: Vec<_> = lists.map(|(path, _)| path.replace("{profile}", "p")).collect();
    assert!(lists.len() > 8, "{lists:?}");
    for list in lists {
        let numbered = server.get(&format!("{list}?page[size]=500")).is(200);
        let mut ids = numbered.ids();
        ids.sort_unstable();
        let mut seen = Vec::new();
        let mut next = Some(format!("{list}?page[cursor]=&page[size]=3"));
        while let Some(path) = next {
            let page = server.get(&path).is(200);
            seen.extend(page.ids());
            let page = page.bare_json();
            assert_eq!(page["meta"]["total"], ids.len(), "{list}");
            assert_eq!(json!([page["meta"]["current_page"], page["links"]["last"]]), json!([null, null]));
            next = page["links"]["next"]
                .as_str()
                .map(|link| format!("/api{}", link.split_once("/api").unwrap().1));
        }
        assert_eq!(seen, ids, "{list}");
        for bad in ["page[cursor]=x", "page[cursor]=-1", "page[cursor]=5&page[number]=2"] {
            server.get(&format!("{list}?{bad}")).refuses(422, "invalid_field");
        }
    }
}
