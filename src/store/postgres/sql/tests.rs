//! The statements keep to what a database distributed by profile number can do.

use std::collections::BTreeMap;

use super::*;

/// The words of a statement, with punctuation apart.
fn words(text: &str) -> Vec<&str> {
    text.split(|letter: char| letter.is_whitespace() || "(),".contains(letter))
        .filter(|word| !word.is_empty())
        .collect()
}

/// What a database that spreads tables by profile number can send to one machine: each table is read by that number
/// alone, written under it, and written once in a statement; and only written rows are locked.
#[test]
fn statements_about_one_profile_name_its_number_in_every_table() {
    let statements = Statements::new(&Options::new().layout(Layout::Distributed)).unwrap();
    let mut tables = 0;
    for sql in statements.of_one() {
        let (words, text) = (words(&sql.text), sql.text.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(!text.contains("FOR UPDATE") && !text.contains("pg_"), "{text}");
        let mut written: BTreeMap<&str, u32> = BTreeMap::new();
        for (place, table) in words.iter().enumerate().filter(|(_, word)| word.starts_with("scrip.")) {
            tables += 1;
            let (before, after) = (words[place - 1], words[place + 1]);
            match before {
                "INTO" => {
                    *written.entry(table).or_default() += 1;
                    let columns = &text[text.find(&format!("INSERT INTO {table}")).unwrap()..];
                    let columns = &columns[columns.find('(').unwrap()..];
                    assert!(columns.starts_with("(number, "), "{columns}");
                    let values = columns.split_once(") ").unwrap().1;
                    let number = if text.contains("number = $1") { "$1" } else { "$2" };
                    let is_one = values.starts_with(&format!("SELECT {number}, "))
                        || values.starts_with(&format!("VALUES ({number}::integer, "));
                    assert!(is_one, "{values}");
                }
                "UPDATE" => {
                    *written.entry(table).or_default() += 1;
                    assert!(text.contains("WHERE number = $1"), "{text}");
                }
                "FROM" | "JOIN" => {
                    assert!(text.contains(&format!("{after}.number = $1")), "{table} {after}: {text}");
                }
                other => panic!("{other} {table}"),
            }
        }
        assert!(written.values().all(|times| *times == 1), "{written:?}");
    }
    assert!(tables >= 16, "{tables}");
}

#[test]
fn parameters_are_as_many_as_their_types() {
    for layout in [Layout::OneServer, Layout::Distributed] {
        let s = Statements::new(&Options::new().layout(layout)).unwrap();
        let all = [
            &s.numbers,
            &s.draw,
            &s.register,
            &s.accounts,
            &s.load,
            &s.find,
            &s.account_of_one,
            &s.find_of_one,
            &s.account_named,
            &s.commit.plain,
            &s.commit.whole,
            &s.commit.with_new_names,
            &s.commit_one.plain,
            &s.commit_one.whole,
            &s.commit_one.with_new_names,
            &s.keep,
            &s.feed,
            &s.due,
            &s.expiring,
            &s.named,
        ];
        for sql in all {
            let named = |number: usize| {
                let name = format!("${number}");
                sql.text.match_indices(&name).any(|(place, _)| {
                    !sql.text[place + name.len()..].starts_with(|next: char| next.is_ascii_digit())
                })
            };
            assert!((1..=sql.types.len()).all(named), "{}", sql.text);
            assert!(!named(sql.types.len() + 1), "{}", sql.text);
        }
    }
}
