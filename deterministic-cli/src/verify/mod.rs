//! `detwasi verify`: a guest under whatever must not matter, held against itself.
//!
//! What one process can be disturbed by is the run's ([`Disturbance`]). The rest is a process of its own: `detwasi` again, with
//! another environment, locale, time zone and, once all is read, working directory ([`elsewhere`]). It observes the run and writes
//! what it saw as JSON.

mod elsewhere;
mod text;

pub(crate) use self::elsewhere::Child;

use std::process::ExitCode;

use bytes::Bytes;
use deterministic_run::verify::{Baseline, Disturbance};

use self::elsewhere::Elsewhere;
pub(crate) use self::text::told_calls;
use self::text::{Line, Report};
use crate::args::VerifyArgs;
use crate::guest;
use crate::inputs::whole;
use crate::problem::Problem;

/// The exit code if the guest is not the same.
const PARTED: u8 = 1;

/// Runs the guest in each way and compares.
pub(crate) fn verify(mut args: Box<VerifyArgs>) -> Result<ExitCode, Problem> {
    let child = args.elsewhere.take();
    if let Some(child) = &child {
        child.given(&mut args.common);
    }
    let (inputs, input) = whole(&args.common, &args.called, "`verify`")?;
    let inputs = inputs.observable()?;
    if let Some(child) = child {
        return child.observe(&inputs);
    }
    let piped = match guest::is_stdin(&args.common.guest()) {
        true => Bytes::copy_from_slice(inputs.guest().binary()),
        false => input,
    };
    let mut report = Report::new(&args);
    let baseline = Baseline::of(&inputs)?;
    report.begin(&baseline.observed)?;
    let mut parted = false;
    for disturbance in Disturbance::all() {
        let checked = baseline.check(disturbance)?;
        parted = report.line(Line { way: disturbance.to_string(), checked })?;
        if parted {
            break;
        }
    }
    for number in (1..=args.runs).take_while(|_| !parted) {
        let elsewhere = Elsewhere::new(number, args.common.seed.seed(), &piped);
        let checked = baseline.check_way(|window| elsewhere.seen(window))?;
        if report.line(Line { way: elsewhere.to_string(), checked })? {
            break;
        }
    }
    Ok(if report.finish()? { ExitCode::from(PARTED) } else { ExitCode::SUCCESS })
}
