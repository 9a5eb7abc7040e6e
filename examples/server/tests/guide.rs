//! The walk-through in the crate's guide: every command in it is run, and answers what the guide says.

mod common;

use std::process::Command;

use common::Server;

const PAGE: &str = include_str!("../../../src/guide/server.md");
/// Where the guide's server listens.
const PLACE: &str = "http://127.0.0.1:8080";

/// The commands of the walk-through, each with what it prints.
fn commands() -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let blocks = PAGE.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            // A command goes on while a quote is open, or where it says so.
            (None, Some((command, _)))
                if command.matches('\'').count() % 2 == 1 || command.ends_with('\\') =>
            {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, printed))) => {
                printed.push_str(line.trim_start());
            }
            (None, None) => panic!("no command before {line}"),
        }
    }
    commands
}

/// Whether a text is what was told of it, where `…` stands for anything.
fn is_as_told(text: &str, told: &str) -> bool {
    let mut parts: Vec<&str> = told.split('…').map(str::trim).collect();
    let (first, last) = (parts.remove(0), parts.pop());
    let Some(last) = last else { return text == first };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn the_walk_through_is_what_happens() {
    let mut commands = commands().into_iter();
    let (start, said) = commands.next().unwrap();
    assert!(said.ends_with(PLACE), "{said}");
    let options: Vec<&str> = start.split(" -- ").nth(1).unwrap().split(' ').collect();
    let server = Server::bare(&options);
    let (definition, _) = commands.next().unwrap();
    let mut count = 0;
    for (command, told) in commands {
        let place = format!("http://{}", server.address);
        let script = format!("{definition}\n{}", command.replace(PLACE, &place));
        let run = Command::new("bash").args(["-c", &script]).output().unwrap();
        let text = String::from_utf8(run.stdout).unwrap().replace(&place, PLACE);
        assert!(is_as_told(&text, &told), "{command}\nprints\n{text}\nand the guide tells\n{told}");
        count += 1;
    }
    assert!(count > 8);
}

#[test]
fn the_comparison_covers_the_whole_text() {
    assert!(is_as_told("{a,b,c}", "{a, … c}") && is_as_told("ab", "ab") && is_as_told("{a}", "{a …}"));
    for told in ["{a, … d}", "{b … c}", "{a,b", "{a, … b}", "{a,c, … b,c}", "…{a,c … c}"] {
        assert!(!is_as_told("{a,b,c}", told), "{told}");
    }
}
