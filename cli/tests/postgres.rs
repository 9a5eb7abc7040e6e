//! The same into PostgreSQL.

#[path = "../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
mod common;

use cluster::Cluster;
use common::{NOW, Shop, many_rows, map};

#[test]
fn an_import_into_postgres_is_that_into_sqlite() {
    let Some(cluster) = Cluster::start() else { return };
    let port = cluster.config("postgres").get_ports()[0];
    let shop = Shop::at(&format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"));
    let file = Shop::new();
    let import = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW, "--json"];
    for shop in [&shop, &file] {
        map(&shop.path("map.toml"));
        shop.write("old.csv", many_rows(3_000).as_bytes());
    }
    let wanted = file.done(&import);
    assert_eq!(shop.done(&import), wanted);
    let balances = |shop: &Shop| {
        let text = shop.done(&["export", "balances", "--at", NOW]);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(balances(&shop), balances(&file));
    // The roll-forward from the tables is that of the journals, in both.
    let liability = [
        "report",
        "liability",
        "--from",
        "2025-12-01",
        "--to",
        "2027-12-31",
        "--at",
        NOW,
        "--definitions",
        "--format",
        "csv",
    ];
    let wanted = file.done(&liability);
    assert!(wanted.contains(",rewards,credit,") && wanted.lines().count() == 26, "{wanted}");
    for shop in [&shop, &file] {
        assert_eq!(shop.done(&[&liability[..], &["--projected"]].concat()), wanted);
    }
    assert_eq!(shop.done(&liability), wanted);
    // A dry run writes nothing, and says what a run would.
    shop.write("old.csv", many_rows(3_200).as_bytes());
    let before = shop.journal();
    let mut tried = import.to_vec();
    tried.push("--dry-run");
    let tried = shop.done(&tried);
    assert!(tried.contains("\"issued\": 200") && tried.contains("\"existing\": 3000"), "{tried}");
    assert_eq!(shop.journal(), before);
    shop.done(&["check"]);
}
