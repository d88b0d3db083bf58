//! Every policy of the catalogue that the tests of `deterministic-policies` go through, and the presets: what they answer, how they describe
//! themselves, what they save, and what becomes of that.

#[path = "../../deterministic-policies/tests/catalogue/mod.rs"]
mod catalogue;
/// By itself, since what else is in `testing` brings crates that take longer to compile than all of this.
#[path = "../../deterministic-policies/src/testing/steps.rs"]
#[allow(dead_code, reason = "the suites that it is written for need more of it")]
mod steps;

use std::io;

use deterministic_core::Seed;
use deterministic_policies::Preset;

use crate::draws::Draws;
use crate::report::Report;
use steps::Steps;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    each(report, "clock", catalogue::clocks())?;
    each(report, "rng", catalogue::rngs())?;
    each(report, "scheduler", catalogue::schedulers())?;
    for preset in Preset::ALL.iter().filter(|preset| **preset != Preset::Host) {
        let described = preset.policies(&Seed::from_u64(42)).describe();
        let fingerprint = described.map(|description| description.to_string()).map_err(|error| error.to_string());
        report.line(format_args!("preset/{preset}/description"), format!("{fingerprint:?}").as_bytes())?;
    }
    Ok(())
}

fn each<T: Steps + ?Sized>(report: &mut Report, kind: &str, list: Vec<catalogue::Entry<T>>) -> io::Result<()> {
    for (name, make) in list {
        for number in [1, 0xfedc_ba98_7654_3210] {
            let name = format!("{kind}/{name}/{number}");
            let mut draws = Draws::new(number);
            let mut policy = make(number);
            report.line(format_args!("{name}/before"), format!("{:?}", policy.describe()).as_bytes())?;
            let answers: Vec<_> = (0..100).map(|_| policy.step(draws.below(5_000))).collect();
            report.line(format_args!("{name}/answers"), answers.join("\n").as_bytes())?;
            report.line(format_args!("{name}/after"), format!("{:?}", policy.describe()).as_bytes())?;
            let state = policy.save();
            report.line(format_args!("{name}/saved"), format!("{state:?}").as_bytes())?;
            let mut copy = make(2);
            let restored = state.and_then(|state| copy.restore(&state));
            let answers: Vec<_> = (0..20).map(|_| copy.step(draws.below(5_000))).collect();
            report.line(format_args!("{name}/restored"), format!("{restored:?} {answers:?}").as_bytes())?;
        }
    }
    Ok(())
}
