//! `detwasi presets`.

use std::io::Write as _;
use std::process::ExitCode;

use deterministic_policies::Preset;

use crate::problem::Problem;

/// One line for each preset.
pub(crate) fn list() -> Result<ExitCode, Problem> {
    let width = Preset::ALL.iter().map(|preset| preset.to_string().len()).max().unwrap_or(0);
    let mut out = std::io::stdout();
    for preset in Preset::ALL {
        writeln!(out, "{:width$}  {}", preset.to_string(), preset.summary()).map_err(Problem::OwnOutput)?;
    }
    Ok(ExitCode::SUCCESS)
}
