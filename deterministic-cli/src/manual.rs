//! `detwasi completions` and `detwasi man`: made from the same description as `--help`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Args;
use crate::problem::Problem;

/// Prints the script for `shell`.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, Problem> {
    // Into memory, since it panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "detwasi", &mut script);
    print(&script)
}

/// Prints the page of `detwasi`, or of its command of that name.
pub(crate) fn page(command: Option<&str>) -> Result<ExitCode, Problem> {
    let mut all = Args::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => match all.get_subcommands().find(|command| command.get_name() == name) {
            Some(command) => command.clone(),
            None => {
                let known = all.get_subcommands().map(|command| command.get_name().to_owned()).collect();
                return Err(Problem::NoSuchCommand { name: name.into(), known });
            }
        },
    };
    let mut text = Vec::new();
    // That of a command is called `detwasi-run`, as those of git are.
    Man::new(page).render(&mut text).map_err(Problem::OwnOutput)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<ExitCode, Problem> {
    let mut stdout = std::io::stdout();
    stdout.write_all(text).and_then(|()| stdout.flush()).map_err(Problem::OwnOutput)?;
    Ok(ExitCode::SUCCESS)
}
