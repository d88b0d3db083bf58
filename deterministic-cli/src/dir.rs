//! What the command line says of a directory: `HOST::GUEST::ro`.

use std::str::FromStr;

use deterministic_wasmtime::fs::Access;
use wasmtime_wasi::FsPerms;

/// A directory of the host's, what the guest calls it, and whether the guest may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dir {
    pub(crate) host: String,
    pub(crate) guest: String,
    pub(crate) access: Access,
}

impl FromStr for Dir {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, "::");
        let host = parts.next().unwrap_or_default();
        let (guest, access) = match (parts.next(), parts.next()) {
            // Whoever means the access must not get a directory of that name which can be written.
            (Some(word @ ("ro" | "rw")), None) if !host.is_empty() => {
                return Err(format!(
                    "`{word}` stands where the guest's name goes; give that too, as in `{host}::{host}::{word}`, or write \
                     `{host}::./{word}` for a directory of that name"
                ));
            }
            (guest, None | Some("rw")) => (guest.unwrap_or(host), Access::ReadWrite),
            (guest, Some("ro")) => (guest.unwrap_or(host), Access::ReadOnly),
            (_, Some(other)) => {
                return Err(format!(
                    "behind the second `::` goes `ro`, for a directory that can be read only, or `rw`, and not `{other}`"
                ));
            }
        };
        if host.is_empty() || guest.is_empty() {
            return Err("give a directory, as in `--dir data`, `--dir data::/data` or `--dir data::/data::ro`".into());
        }
        Ok(Dir { host: host.into(), guest: guest.into(), access })
    }
}

/// The same for wasmtime-wasi.
pub(crate) fn permissions(access: Access) -> FsPerms {
    match access {
        Access::ReadOnly => FsPerms::ReadOnly,
        Access::ReadWrite => FsPerms::ReadWrite,
    }
}
