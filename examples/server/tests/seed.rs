//! The seed's own requests, by the script that anyone can run; and what clients rely on in answers.

mod common;

use std::process::Command;

use common::Server;
use serde_json::json;

/// As `cargo run` starts it, but for the address: SQLite, in a file in the working directory. And a restart keeps all of
/// it, and takes the same requests again.
#[test]
fn the_seeds_requests_work_as_written_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = common::command(&["--token", common::TOKEN, "--test-clock"]);
        Server::spawn(command.current_dir(folder.path()))
    };
    let seed = |server: &Server| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/seed.sh");
        let mut run = Command::new(script);
        run.env("SCRIP_HOST", format!("http://{}", server.address)).env("SCRIP_TOKEN", common::TOKEN);
        let run = run.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    let seen = |server: &Server| -> Vec<_> {
        let lists = ["/rewards", "/transactions", "/reward-definitions", "/points/definitions"];
        lists.iter().map(|list| server.get(list).is(200).data()).collect()
    };
    let mut server = start();
    seed(&server);
    assert!(folder.path().join("scrip.sqlite").is_file());
    let before = seen(&server);
    assert_eq!(before[0].as_array().unwrap().len(), 3);
    server.ask_to_stop();
    assert!(server.stopped());
    let server = start();
    server.set_clock("2025-06-15T04:32:00Z");
    assert_eq!(seen(&server), before);
    seed(&server);
    assert_eq!(seen(&server)[0].as_array().unwrap().len(), 6);
}

#[test]
fn rewards_are_as_the_dialect_shows_them() {
    let server = Server::start();
    let definition =
        server.define("birthday-reward", json!({"type": "birthday", "period": 30, "tags": ["birthday"]}));
    let issued = server.post(
        "/rewards",
        &json!({
            "reward_definition_id": definition, "profile_id": "p", "value_initial": 10, "value_remaining": 10,
            "issued_at": "2025-06-15 00:00:00", "expires_at": "2025-07-15 23:59:59", "timezone": "Australia/Melbourne",
            "meta": {"b": [1, 2.50], "a": null}
        }),
    );
    let reward = issued.is(201).data();
    for (field, wanted) in [
        ("profile_id", json!("p")),
        ("timezone", json!("Australia/Melbourne")),
        ("value_initial", json!(10)),
        ("issued_at", json!("2025-06-14 14:00:00")),
        ("expires_at", json!("2025-07-15 13:59:59")),
        ("issued_local_at", json!("2025-06-15 00:00:00")),
        ("expires_local_at", json!("2025-07-15 23:59:59")),
        ("is_expired", json!(false)),
        ("is_active", json!(true)),
        ("extended_at", json!(null)),
        ("created_at", json!("2025-06-20 00:00:00")),
        ("meta", json!({"b": [1, 2.50], "a": null})),
    ] {
        assert_eq!(reward[field], wanted, "{field}");
    }
    assert_eq!(reward["definition"]["handle"], "birthday-reward");
    // Read again in every way that there is, it is the same.
    let id = reward["id"].as_u64().unwrap();
    assert_eq!(server.get(&format!("/rewards/{id}")).is(200).data(), reward);
    assert_eq!(server.get(&format!("/profiles/p/rewards/{id}")).is(200).data(), reward);
    for list in [
        "/rewards",
        "/rewards?filter[profile_id]=p",
        "/rewards?filter%5Bprofile_id%5D=p",
        "/profiles/p/rewards",
    ] {
        assert_eq!(server.get(list).is(200).data(), json!([reward]), "{list}");
    }
    assert_eq!(server.get("/rewards?filter[profile_id]=q").is(200).data(), json!([]));
}

#[test]
fn digits_are_exact() {
    let server = Server::start();
    let definition = server.define("big", json!({}));
    server.issue(definition, "p", json!({"value_initial": "123456789012.34"}));
    let body = server.get("/profiles/p/balances").is(200).body;
    assert!(body.contains(r#""reward_balance":123456789012.34,"#), "{body}");
    let redeemed = server.call(
        common::Request::new("POST", "/profiles/p/redemptions").body(br#"{"amount": 123456789012.33}"#),
    );
    assert!(redeemed.is(201).body.contains(r#""total":123456789012.33,"#));
    assert_eq!(server.balance("p"), json!(0.01));
    let refused =
        server.call(common::Request::new("POST", "/profiles/p/redemptions").body(br#"{"amount": 0.005}"#));
    refused.refuses(422, "too_many_decimals");
}

#[test]
fn lists_have_links_and_meta() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    let ids: Vec<u64> = (0..7).map(|_| server.issue(definition, "p", json!({}))).collect();
    let path = "/profiles/p/rewards?page[size]=3&page[number]=2";
    let page = server.get(path).is(200);
    assert_eq!(page.ids(), ids[3..6]);
    let page = page.bare_json();
    let place = format!("http://{}/api/v3/profiles/p/rewards", server.address);
    assert_eq!(
        page["meta"],
        json!({"current_page": 2, "from": 4, "last_page": 3, "path": place, "per_page": 3, "to": 6, "total": 7})
    );
    let link = |number: u32| json!(format!("{place}?page%5Bsize%5D=3&page%5Bnumber%5D={number}"));
    assert_eq!(page["links"], json!({"first": link(1), "last": link(3), "prev": link(1), "next": link(3)}));
    let ends = [1, 3].map(|number| {
        let page = server.get(&format!("/profiles/p/rewards?page[size]=3&page[number]={number}")).is(200);
        [page.bare_json()["links"]["prev"].is_null(), page.bare_json()["links"]["next"].is_null()]
    });
    assert_eq!(ends, [[true, false], [false, true]]);
    // The links lead on.
    let next = page["links"]["next"].as_str().unwrap().split_once("/api/").unwrap().1;
    assert_eq!(server.get(&format!("/api/{next}")).is(200).ids(), ids[6..]);
    let beyond = server.get("/profiles/p/rewards?page[number]=9").is(200).bare_json();
    assert_eq!((&beyond["data"], &beyond["meta"]["from"]), (&json!([]), &json!(null)));
    assert_eq!(
        server.get("/profiles/p/rewards?page[size]=9999").is(200).bare_json()["meta"]["per_page"],
        500
    );
    // Over all profiles as well, page by page.
    server.issue(definition, "q", json!({}));
    let all = server.get("/rewards?page[size]=5&page[number]=2").is(200);
    assert_eq!((all.ids().len(), &all.bare_json()["meta"]["total"]), (3, &json!(8)));
    for bad in ["page[size]=0", "page[number]=-1", "page[number]=x", "page[size]=1e3"] {
        server.get(&format!("/rewards?{bad}")).refuses(422, "invalid_field");
    }
    server.get("/rewards?filter=%zz").refuses(400, "bad_query");
}
