//! What the texts of the repository show of a terminal is what comes of the same commands.

use std::path::Path;
use std::process::Command;

use crate::{Place, detwasi};

const README: &str = include_str!("../../../README.md");
const FAILURES: &str = include_str!("../../../docs/FAILURES.md");
const TICKETS: &str = include_str!("../../../docs/tickets.wat");

/// A command, and what it prints. `…` stands for what differs from host to host: in a line for something, alone for any number of lines.
struct Shown<'a> {
    command: &'a str,
    prints: Vec<&'a str>,
}

fn shown(text: &str) -> Vec<Shown<'_>> {
    let mut all: Vec<Shown<'_>> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap_or_default().lines() {
            match (line.strip_prefix("$ "), all.last_mut()) {
                (Some(command), _) => {
                    let command = command.split("  #").next().unwrap_or_default().trim();
                    all.push(Shown { command, prints: Vec::new() });
                }
                (None, Some(shown)) => shown.prints.push(line),
                (None, None) => panic!("{line:?} comes of no command"),
            }
        }
    }
    all
}

fn line_fits(shown: &str, printed: &str) -> bool {
    match shown.split_once('…') {
        None => shown == printed,
        Some((head, rest)) => printed.strip_prefix(head).is_some_and(|printed| {
            printed.char_indices().map(|(at, c)| at + c.len_utf8()).any(|at| line_fits(rest, &printed[at..]))
        }),
    }
}

fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|at| fits(rest, &printed[at..])),
        Some((shown, rest)) => {
            printed.split_first().is_some_and(|(line, printed)| line_fits(shown, line) && fits(rest, printed))
        }
    }
}

#[test]
fn lines_are_left_out_where_it_is_said() {
    assert!(fits(&["a", "…", "b … c"], &["a", "b x c"]) && fits(&["a", "…", "b"], &["a", "x", "b", "b"]));
    assert!(!fits(&["a", "…"], &["b"]) && !fits(&["a … b"], &["a  b"]) && !fits(&["a"], &["a", "a"]));
}

/// In a shell of its own each, in one directory, where `docs` is the repository's.
fn run(text: &str, least: usize) {
    let place = Place::new();
    std::fs::create_dir(place.path("docs")).expect("a directory");
    place.file("docs/tickets.wat", TICKETS);
    let mut path = Path::new(env!("CARGO_BIN_EXE_detwasi")).parent().expect("a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let all = shown(text);
    assert!(all.len() >= least, "{}", all.len());
    for Shown { command, prints } in all {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]).current_dir(place.0.path()).env("PATH", &path);
        for (name, value) in detwasi().get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let output = shell.stdin(std::process::Stdio::null()).output().expect("a shell");
        let printed = String::from_utf8(output.stdout).expect("text");
        assert!(fits(&prints, &printed.lines().collect::<Vec<_>>()), "`{command}` prints:\n{printed}");
    }
}

#[cfg(unix)]
#[test]
fn the_readme_shows_a_failure() {
    let section = README.split("\n## A failure that comes once in many runs\n").nth(1).expect("the section");
    run(section.split("\n## ").next().unwrap_or_default(), 4);
}

#[cfg(unix)]
#[test]
fn docs_show_a_failure() {
    run(FAILURES, 6);
}
