//! `detwasi verify`: a guest under whatever must not matter, held against itself.
//!
//! What one process can be disturbed by is the run's ([`Disturbance`]). The rest is a process of its own: `detwasi` again, with
//! another environment, locale, time zone and, once all is read, working directory ([`elsewhere`]). It observes the run and writes
//! what it saw as JSON.

mod elsewhere;
mod text;

pub(crate) use self::elsewhere::Window;

use std::process::ExitCode;

use bytes::Bytes;
use deterministic_run::Inputs;
use deterministic_run::verify::{Checked, Disturbance, Parted, parting};

use self::elsewhere::Elsewhere;
use self::text::{Line, Report};
use crate::args::VerifyArgs;
use crate::directories::Directories;
use crate::guest::{self, compile};
use crate::inputs::{called, inputs};
use crate::problem::Problem;
use crate::stdin;

/// The exit code if the guest is not the same.
const PARTED: u8 = 1;

/// Runs the guest in each way and compares.
pub(crate) fn verify(args: &VerifyArgs) -> Result<ExitCode, Problem> {
    let (inputs, piped) = value(args)?;
    if let Some(seen) = &args.elsewhere {
        return elsewhere::observe(seen, &inputs);
    }
    let mut report = Report::new(args);
    let known = inputs.observe(Disturbance::None, 0..0)?.observed;
    report.begin(&known)?;
    let mut over = false;
    for disturbance in Disturbance::all() {
        let checked = match inputs.cannot(disturbance) {
            Some(reason) => Checked::LeftOut(reason),
            None => {
                let undisturbed = |window| inputs.observe(Disturbance::None, window);
                of(parting(&known, undisturbed, |window| inputs.observe(disturbance, window))?)
            }
        };
        over = report.line(Line { way: disturbance.to_string(), checked })?;
        if over {
            break;
        }
    }
    for number in (1..=args.runs).take_while(|_| !over) {
        let elsewhere = Elsewhere::new(number, &piped);
        let undisturbed = |window| Ok(inputs.observe(Disturbance::None, window)?);
        let checked = of(parting(&known, undisturbed, |window| elsewhere.seen(window))?);
        if report.line(Line { way: elsewhere.to_string(), checked })? {
            break;
        }
    }
    let parted = report.finish()?;
    Ok(if parted { ExitCode::from(PARTED) } else { ExitCode::SUCCESS })
}

fn of(parted: Option<Parted>) -> Checked {
    parted.map_or(Checked::Same, |parted| Checked::Parted(parted.into()))
}

/// All that the run is given, read; and what was read of this process's standard input.
fn value(args: &VerifyArgs) -> Result<(Inputs, Bytes), Problem> {
    let common = &args.common;
    let inputs = called(&args.called, inputs(common, guest::read(common.guest())?)?)?;
    inputs.check()?;
    compile(&inputs, || Ok(inputs.prepare()?))?;
    let directories = Directories::read(common, &[])?;
    let stdin = stdin::open(common, &inputs)?;
    let input = stdin::read_ahead(common, &stdin, "`verify`")?;
    let piped = match guest::is_stdin(&common.guest()) {
        true => Bytes::copy_from_slice(inputs.guest().binary()),
        false => input,
    };
    Ok((directories.give(inputs).stdin_from(stdin).observable()?, piped))
}
