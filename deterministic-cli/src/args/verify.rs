//! The options of `verify`.

use super::{CalledArgs, GuestArgs};
use crate::numbers;
use crate::verify::Child;

#[derive(Debug, clap::Args)]
#[command(override_usage = "detwasi verify [OPTIONS] GUEST [ARGS...]")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) common: GuestArgs,

    #[command(flatten)]
    pub(crate) called: CalledArgs,

    /// How many processes of their own run the guest, beside all that one process can do
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true, value_parser = numbers::count)]
    pub(crate) runs: u32,

    /// As JSON, a line for each run
    #[arg(long)]
    pub(crate) json: bool,

    // Such a process itself.
    #[arg(long, hide = true, value_name = "A..B/SEED")]
    pub(crate) elsewhere: Option<Child>,
}
