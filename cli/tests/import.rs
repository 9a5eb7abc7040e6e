//! An import is what its dry run said, is done once however often it is run, and adds up or says where not.

mod common;

use std::io::Write as _;
use std::process::Stdio;

use common::{NOW, Shop, many_rows, map};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// A shop with a file of its own and a map for it.
fn shop(file: &str) -> Shop {
    let shop = Shop::new();
    map(&shop.path("map.toml"));
    shop.write("old.csv", file.as_bytes());
    shop
}

const IMPORT: [&str; 8] = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW];

fn and<'a>(more: &[&'a str]) -> Vec<&'a str> {
    IMPORT.iter().chain(more).copied().collect()
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const FILE: &str = "\
id,customer,value,left,issued,expires
1,alice,25.00,10.00,2025-01-01,2026-06-30
2,alice,25.00,25.00,2025-01-01,2025-06-30
3,bob,25.00,-1,2025-01-01,2026-06-30
4,bob,25.00,30,2025-01-01,2026-06-30
5,carol,25.00,25.00,2025-01-01,2099-06-30
5,carol,25.00,25.00,2025-01-01,2099-06-30
6,,25.00,25.00,2025-01-01,2026-06-30
7,dave,25.00
";

#[test]
fn the_dry_run_is_the_run() {
    let shop = shop(FILE);
    let tried = shop.run(&and(&["--dry-run", "--json", "--errors", "tried.csv"]));
    assert_eq!(tried.status, 2);
    assert!(!shop.has_store(), "a dry run made the store");
    let done = shop.run(&and(&["--json", "--errors", "done.csv"]));
    let (mut tried, done) = (report(&tried.out), report(&done.out));
    assert_eq!(tried["dry_run"], true);
    tried["dry_run"] = false.into();
    assert_eq!(tried, done);
    assert_eq!(shop.read("tried.csv"), shop.read("done.csv"));
    for (what, count) in [("rows", 8), ("issued", 3), ("existing", 1), ("refused", 4), ("empty", 0)] {
        assert_eq!(done[what], count, "{what}");
    }
    for (slip, lines) in [("arrived_expired", vec![3]), ("far_expiry", vec![6, 7]), ("duplicates", vec![7])] {
        assert_eq!(done["slips"][slip]["lines"], serde_json::json!(lines), "{slip}");
    }
    // On a store that is there, too: nothing is written, and everything is found.
    let before = shop.journal();
    shop.write("old.csv", (FILE.to_owned() + "8,erin,25,25,2025-01-01,2026-06-30\n").as_bytes());
    let again = report(&shop.run(&and(&["--dry-run", "--json"])).out);
    assert_eq!((&again["issued"], &again["existing"]), (&1.into(), &4.into()));
    assert_eq!(shop.journal(), before);
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let shop = shop(&many_rows(2_500));
    shop.done(&IMPORT);
    let before = shop.journal();
    let again = report(&shop.done(&and(&["--json"])));
    assert_eq!((&again["issued"], &again["existing"]), (&0.into(), &2_500.into()));
    assert_eq!(shop.journal(), before);
}

#[test]
fn refused_rows_can_be_corrected_and_imported() {
    let shop = shop(FILE);
    shop.fails(2, &and(&["--errors", "refused.csv"]));
    let refused = shop.read("refused.csv");
    let lines: Vec<&str> = refused.lines().collect();
    assert!(
        lines[0].ends_with("_line,_column,_code,_message,id,customer,value,left,issued,expires"),
        "{refused}"
    );
    for (line, start) in
        [(1, "4,left,negative,"), (2, "8,customer,missing,"), (3, "9,,wrong_width,"), (4, "5,left,")]
    {
        assert!(lines[line].starts_with(start), "{refused}");
    }
    assert!(lines[3].ends_with(",7,dave,25.00"), "{refused}");
    let mended = lines[0].to_owned()
        + "\n"
        + &lines[1].replace("25.00,-1", "25.00,1")
        + "\n"
        + &lines[4].replace(",30,", ",20,");
    shop.write("refused.csv", mended.as_bytes());
    let mut arguments = and(&["--json"]);
    arguments[2] = "refused.csv";
    let done = report(&shop.done(&arguments));
    assert_eq!((&done["issued"], &done["refused"]), (&2.into(), &0.into()));
    // Under the ids that their rows have.
    assert!(shop.done(&["export", "rewards"]).contains("old:4,25,20"));
}

/// A file of refused rows that is refused again does not grow columns.
#[test]
fn a_row_that_is_refused_again_has_the_same_error() {
    let shop = shop(FILE);
    shop.fails(2, &and(&["--errors", "first.csv"]));
    let mut arguments = and(&["--errors", "second.csv"]);
    arguments[2] = "first.csv";
    shop.fails(2, &arguments);
    let code = |text: &str| -> Vec<String> {
        text.lines().skip(1).filter_map(|line| line.split(',').nth(2).map(str::to_owned)).collect()
    };
    let heading = |text: &str| text.lines().next().map(str::to_owned);
    assert_eq!(heading(&shop.read("first.csv")), heading(&shop.read("second.csv")));
    assert_eq!(code(&shop.read("first.csv")), code(&shop.read("second.csv")));
    assert_eq!(code(&shop.read("second.csv")).len(), 4);
}

#[test]
fn totals_are_compared_with_what_the_old_system_says() {
    let shop = shop(&many_rows(500));
    shop.done(&and(&["--totals", "totals.json", "--dry-run"]));
    shop.done(&and(&["--expect", "totals.json"]));
    let cent_more =
        shop.read("totals.json").replacen("\"value_remaining\": \"", "\"value_remaining\": \"1", 1);
    shop.write("totals.json", cent_more.as_bytes());
    let answer = shop.run(&and(&["--expect", "totals.json"]));
    assert!(answer.status == 2 && answer.out.contains(" *"), "{answer:?}");
    shop.write("totals.json", b"[{\"definition\": \"credit\"}]");
    assert!(shop.fails(1, &and(&["--expect", "totals.json"])).contains("totals.json"));
}

/// Whatever the file looks like on the outside, the rows are the same.
#[test]
fn a_file_may_come_in_many_forms() {
    let rows = "id,customer,value,left,issued,expires\n1,zoë,25.00,10.00,2025-01-01,2026-06-30\n";
    let wanted = {
        let shop = shop(rows);
        shop.done(&IMPORT);
        shop.journal()
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(rows.as_bytes()).unwrap();
    let latin: Vec<u8> = rows.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let json = "{\"id\": 1, \"customer\": \"zoë\", \"value\": 25.00, \"left\": 10.00, \"issued\": \"2025-01-01\", \"expires\": \"2026-06-30\"}\n";
    let forms: [(&str, Vec<u8>, &[&str]); 7] = [
        ("a byte order mark", ["\u{feff}", rows].concat().into_bytes(), &[]),
        ("lines as Windows ends them", rows.replace('\n', "\r\n").into_bytes(), &[]),
        ("semicolons", rows.replace(',', ";").into_bytes(), &["file.delimiter=;"]),
        ("Latin-1", latin, &["file.encoding=latin-1"]),
        ("packed", gzip.finish().unwrap(), &[]),
        ("quotes", rows.replace("zoë", "\"zoë\"").replace("25.00", "=\"25.00\"").into_bytes(), &[]),
        ("NDJSON", json.as_bytes().to_vec(), &["file.format=ndjson"]),
    ];
    for (form, bytes, set) in forms {
        let shop = shop("");
        shop.write("old.csv", &bytes);
        let set: Vec<&str> = set.iter().flat_map(|change| ["--set", change]).collect();
        shop.done(&and(&set));
        assert_eq!(shop.journal(), wanted, "{form}");
    }
    let shop = shop("");
    let mut arguments = IMPORT.to_vec();
    arguments[2] = "-";
    let mut child = shop.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(shop.journal(), wanted, "standard input");
}

/// Dates that can be read in two ways are refused before anything is written.
#[test]
fn dates_are_never_guessed() {
    let rows = |dates: [&str; 2]| {
        let [one, two] = dates;
        format!(
            "id,customer,value,left,issued,expires\n1,a,25,25,2025-01-01,{one}\n2,b,25,25,2025-01-01,{two}\n"
        )
    };
    let both = "expires_at.patterns=[\"%d/%m/%Y\",\"%m/%d/%Y\"]";
    for (dates, set, said) in [
        (["01/02/2027", "03/04/2027"], both, "line 2, `01/02/2027`"),
        (["31/12/2027", "12/31/2027"], both, "follows none of the patterns"),
        (["01/02/2027", "03/04/2027"], "expires_at.patterns=[]", "%d/%m/%Y and %m/%d/%Y"),
        (["01/02/2027", "03/04/2027"], "expires_at.patterns=[\"DD/MM\"]", "not a pattern"),
    ] {
        let shop = shop(&rows(dates));
        let error = shop.fails(
            1,
            &and(&["--set", set, "--set", "dates.patterns=[]", "--set", "issued_at.patterns=[\"iso\"]"]),
        );
        assert!(error.contains(said), "{set}: {error}");
        assert!(!shop.has_store());
    }
    // One row settles it; and where both say the same, there is nothing to settle.
    for dates in [["01/02/2027", "31/12/2027"], ["02/02/2027", "03/03/2027"]] {
        let shop = shop(&rows(dates));
        shop.done(&and(&["--set", both]));
    }
}

#[test]
fn a_map_that_does_not_fit_the_file_names_the_choices() {
    let shop = shop(FILE);
    let error = shop.fails(1, &and(&["--set", "profile.column=email"]));
    assert!(error.contains("email") && error.contains("customer"), "{error}");
    let error = shop.fails(1, &["import", "rewards", "old.csv", "--preset", "nothing"]);
    assert!(error.contains("omneo"), "{error}");
    let error = shop.fails(1, &["import", "rewards", "none.csv", "--map", "map.toml"]);
    assert!(error.contains("none.csv"), "{error}");
    shop.fails(64, &["import", "rewards", "old.csv"]);
    // Without --define nothing is defined, and each row says so.
    let answer = shop.run(&["import", "rewards", "old.csv", "--map", "map.toml", "--at", NOW]);
    assert!(answer.status == 2 && answer.err.contains("unknown_definition"), "{answer:?}");
}

/// What is left of a card that was worth nothing is not dropped in silence.
#[test]
fn only_a_row_without_any_value_is_empty() {
    let row = |id: u32, value, left| format!("{id},alice,{value},{left},2025-01-01,2026-06-30\n");
    let rows = [row(1, "0", "30"), row(2, "0", "0"), row(3, "0", ""), row(4, "25", "0")].concat();
    let shop = shop(&format!("id,customer,value,left,issued,expires\n{rows}"));
    let answer = shop.run(&and(&["--json"]));
    let done = report(&answer.out);
    assert_eq!((&done["empty"], &done["refused"], &done["issued"]), (&2.into(), &1.into(), &1.into()));
    assert!(answer.status == 2 && answer.err.contains("line 2, value"), "{answer:?}");
}

/// JSON has no heading: a misspelt column would only look like rewards that say nothing of it.
#[test]
fn a_column_that_no_row_has_is_refused() {
    let row = "{\"id\": 1, \"customer\": \"a\", \"value\": 25, \"left\": 25, \"issued\": \"2025-01-01\", \"expiry\": \"2026-06-30\"}\n";
    let shop = shop(row);
    let error = shop.fails(1, &and(&["--set", "file.format=ndjson"]));
    assert!(error.contains("expires") && !shop.has_store(), "{error}");
    shop.done(&and(&["--set", "file.format=ndjson", "--set", "expires_at.column=expiry"]));
}

/// Rows without ids are as many rewards as there are, however often the file is read.
#[test]
fn rows_that_say_the_same_are_two_rewards() {
    let row = "x,alice,25,25,2025-01-01,2026-06-30\n";
    let shop = shop(&format!("id,customer,value,left,issued,expires\n{row}{row}"));
    let unnamed = and(&["--set", "id=[]", "--json"]);
    let first = report(&shop.done(&unnamed));
    assert_eq!(
        (&first["issued"], &first["slips"]["duplicates"]["lines"]),
        (&2.into(), &serde_json::json!([3]))
    );
    assert_eq!(report(&shop.done(&unnamed))["existing"], 2);
    let more =
        format!("id,customer,value,left,issued,expires\ny,bob,25,25,2025-01-01,2026-06-30\n{row}{row}{row}");
    shop.write("old.csv", more.as_bytes());
    assert_eq!(report(&shop.done(&unnamed))["issued"], 2);
}

/// An id with other content is no repetition, and nothing is changed.
#[test]
fn an_id_with_other_content_is_refused() {
    let shop = shop(FILE);
    shop.fails(2, &IMPORT);
    let before = shop.journal();
    shop.write("old.csv", FILE.replace("10.00", "11.00").as_bytes());
    let answer = shop.run(&IMPORT);
    assert!(answer.err.contains("line 2") && answer.err.contains("external_id_conflict"), "{answer:?}");
    assert_eq!(shop.journal(), before);
}
