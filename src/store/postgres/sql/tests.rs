//! The statements of a database distributed by profile number keep to what such a database can do.

use super::distributed::Finds;
use super::*;

#[path = "../../../../tests/postgres/routing.rs"]
mod routing;

use routing::{Route, route};

/// Each table is read by the number alone and written under it, and an insert is one row.
///
/// Catches: an insert inside a `WITH`, a look-up by `= ANY`, a join that leaves out the number.
#[test]
fn each_statement_of_a_distributed_database_finds_its_machine() {
    let schema = "scrip";
    let Archive { journal: take, key: forget_key, name: forget_name, row: archive } = &Archive::new(schema);
    let Distributed {
        number,
        register,
        account,
        finds: Finds { range, latest, about, key: find_key, name: find_name, has_key, has_name },
        head,
        journal,
        key,
        name,
        subject,
        state,
        catalogue,
        definition,
    } = &Distributed::new(schema);
    for sql in [number, register] {
        assert_eq!(route(&sql.text), Ok(Route::Name(0)), "{}", sql.text);
    }
    for sql in [
        account,
        range,
        latest,
        about,
        find_key,
        find_name,
        has_key,
        has_name,
        head,
        journal,
        key,
        name,
        subject,
        state,
        &keep(schema),
        take,
        forget_key,
        forget_name,
        archive,
    ] {
        assert_eq!(route(&sql.text), Ok(Route::Number(0)), "{}", sql.text);
    }
    for sql in [catalogue, definition, &draw(schema)] {
        assert_eq!(route(&sql.text), Ok(Route::Anywhere), "{}", sql.text);
    }
}

#[test]
fn parameters_are_as_many_as_their_types() {
    let s = Statements::new(&Options::new()).unwrap();
    let d = &s.distributed;
    let all = [
        &s.numbers,
        &s.draw,
        &s.register,
        &s.accounts,
        &s.load,
        &s.find,
        &s.account_named,
        &s.commit.plain,
        &s.commit.whole,
        &s.commit.with_new_names,
        &s.commit_entry.unkeyed,
        &s.commit_entry.keyed,
        &s.commit_entry.with_new_key,
        &s.keep,
        &s.feed,
        &s.due,
        &s.expiring,
        &s.named,
        &d.number,
        &d.register,
        &d.account,
        &d.finds.range,
        &d.finds.latest,
        &d.finds.about,
        &d.finds.key,
        &d.finds.name,
        &d.finds.has_key,
        &d.finds.has_name,
        &d.head,
        &d.journal,
        &d.key,
        &d.name,
        &d.subject,
        &d.state,
        &d.catalogue,
        &d.definition,
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
