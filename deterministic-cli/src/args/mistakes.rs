//! A command line that clap refuses, told as everything else is.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use deterministic_run::text::one_line;

use crate::foreign;
use crate::problem;

/// Help and version as clap has them; an error as one line.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A closed stdout is no reason to fail.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(problem::EXIT_CODE) } else { ExitCode::SUCCESS };
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let end = ["\nUsage:", "\nFor more information"].iter().filter_map(|mark| text.find(mark)).min();
    // clap sets its tips apart by lines. That an unknown option could be meant as GUEST is no help.
    let mut parts = text[..end.unwrap_or(text.len())].split("  tip: ");
    let what = one_line(parts.next().unwrap_or_default());
    let tips: String =
        parts.map(one_line).filter(|tip| tip.contains("similar")).map(|tip| format!("; {tip}")).collect();
    let given: Vec<_> = std::env::args_os().skip(1).collect();
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // clap's error does not tell which command it is of.
    let first = given.first().map(|first| first.to_string_lossy()).unwrap_or_default();
    let hint = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            context(ContextKind::InvalidSubcommand).and_then(|name| foreign::command(name, &given))
        }
        ErrorKind::UnknownArgument => context(ContextKind::InvalidArg).and_then(|option| {
            let before_all = first.starts_with('-').then(|| foreign::option_of_run(option, &given)).flatten();
            before_all.or_else(|| foreign::option(option, &given))
        }),
        _ => None,
    };
    if let Some(hint) = hint {
        return problem::tell(&format!("{what}; {hint}"));
    }
    let help = match error.kind() {
        ErrorKind::InvalidSubcommand => "`detwasi --help` lists the commands",
        _ => {
            let command = if ["audit", "compare", "completions", "man", "record", "replay", "search", "trace", "verify"]
                .contains(&&*first)
            {
                &first
            } else {
                "run"
            };
            &format!("`detwasi {command} --help` lists the options")
        }
    };
    problem::tell(&format!("{what}{tips}; {help}"))
}
