//! The README does what it says: its commands are run in order, and answer with the text that follows them.

mod common;

use std::process::Command;

use common::Shop;

/// The blocks of a language, each with the text block that follows it, if one does.
fn blocks(readme: &str) -> Vec<(&str, Option<&str>)> {
    let mut parts = readme.split("\n```").peekable();
    let mut blocks = Vec::new();
    while let Some(part) = parts.next() {
        let Some(script) = part.strip_prefix("sh\n") else { continue };
        // What follows is prose, and then the next block.
        parts.next();
        blocks.push((script, parts.peek().and_then(|next| next.strip_prefix("text\n"))));
    }
    blocks
}

#[test]
fn the_readmes_commands_answer_as_it_says() {
    let shop = Shop::new();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 6, "{}", blocks.len());
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_scrip")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut before = String::new();
    for (script, expected) in blocks {
        let ran = Command::new("bash")
            .args(["-c", &format!("set -e\n{before}\n{script}")])
            .current_dir(shop.path(""))
            .env("PATH", path.as_ref().unwrap())
            .env("VECTORS", concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors"))
            .env("EXAMPLES", concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{script}: {out}{err}");
        if let Some(expected) = expected {
            let out = out.replace('\u{feff}', "");
            assert_eq!(out.trim_end(), expected.trim_end(), "{script}: {err}");
        }
        // What is set for the shell holds for the blocks after it.
        before += &script.lines().filter(|line| line.starts_with("export ")).collect::<Vec<_>>().join("\n");
    }
}
