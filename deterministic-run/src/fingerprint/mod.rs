//! Fingerprints: one digest that names a run. [`Inputs::fingerprint`](crate::Inputs::fingerprint) gives it; [`Pieces`] is for those who
//! run guests themselves.
//!
//! Two runs with one fingerprint have one outcome: that is the promise of this project. Whatever could make a
//! difference is in it; what may not be the same on another run (the host's clock, a live directory) has no fingerprint, and
//! asking for one names it.
//!
//! ```
//! use deterministic_run::core::{Policies, Seed};
//! use deterministic_run::fingerprint::Pieces;
//! use deterministic_wasmtime::configure;
//! use wasmtime::{Config, Engine};
//!
//! let engine = Engine::new(configure(&mut Config::new()))?;
//! let guest = b"\0asm\x01\0\0\0";
//! let fingerprint = |seed| {
//!     let policies = Policies::new(Seed::from_u64(seed));
//!     Pieces::new(guest, &policies, &engine).arguments(&["guest".into()]).fingerprint()
//! };
//! assert_eq!(fingerprint(1)?, fingerprint(1)?);
//! assert_ne!(fingerprint(1)?, fingerprint(2)?);
//! # wasmtime::error::Ok(())
//! ```

mod hasher;

use std::fmt;

use deterministic_wasmtime::core::{Description, Policies, Role, Undescribed};
use deterministic_wasmtime::fs::{Access, Tree};
use wasmtime::Engine;

use self::hasher::Blake3;

/// The digest of all that decides how a run goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Of these bytes, in BLAKE3's derive-key mode, with the context that was hashed already.
    pub(crate) fn derive(context: &blake3::Hasher, bytes: &[u8]) -> Self {
        Fingerprint(*context.clone().update(bytes).finalize().as_bytes())
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Why a run has no fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("the run has no fingerprint, because it is not the same each time: {}", list(reasons))]
#[non_exhaustive]
pub struct Tainted {
    /// Each thing that may be another the next time, and what to do about it.
    pub reasons: Vec<Taint>,
}

/// See [`Tainted`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Taint {
    /// A policy asks the host, or does not say what it is.
    #[error("{role}: {reason}")]
    Policy {
        /// Which of the bundle.
        role: Role,
        /// Why it has no description.
        reason: Undescribed,
    },
    /// A live directory's contents are the host's.
    #[error("the directory `{guest}` is live; mount it hermetic")]
    LiveDirectory {
        /// The guest's name for it.
        guest: String,
    },
    /// A tree whose contents were left for later, and could not be read.
    #[error("the directory `{guest}` cannot be read: {source}")]
    Contents {
        /// The guest's name for it.
        guest: String,
        /// What the host said.
        source: deterministic_wasmtime::fs::Error,
    },
    /// The standard input was not read yet.
    #[error("the standard input is read while the guest runs; read it ahead")]
    Stdin,
    /// HTTP requests are answered by somebody who may say something else the next time, such as the host's network.
    #[error(
        "HTTP requests are let out, or answered otherwise from outside; record the run, or answer them by a responder of the run's own"
    )]
    LiveResponder,
}

fn list(reasons: &[Taint]) -> String {
    reasons.iter().map(Taint::to_string).collect::<Vec<_>>().join("; ")
}

/// All that decides how a run goes, to be put together piece by piece.
///
/// # The encoding
///
/// A [`Description`] (which has its own, canonical encoding) named `run`, version 1, with these parameters in this order:
/// `guest`, the BLAKE3 hash of its binary; `entry`; `arguments` and `environment`, each a list of texts; `stdin`, its BLAKE3
/// hash; `directories`, a list of name, access (0 to read, 1 to write too) and digest of the tree; `policies`, what
/// they say of themselves; `settings`, names and values; `wasmtime`, its version; `adapter`, that of
/// what guests are shown; and `engine`, see below. The fingerprint is
/// BLAKE3 of that in derive-key mode, with the context
/// `deterministic-wasmtime 2026-11-21 fingerprint of a run`.
///
/// `engine` is the hash of what Wasmtime calls the engine's compatibility hash: its target, compiler settings and proposals,
/// and so the processor's features; of another engine the BLAKE3 hash of its [name](Pieces::engine_named). [`portable`](Pieces::portable) leaves it out.
#[derive(Debug)]
pub struct Pieces<'a> {
    guest: &'a [u8],
    policies: &'a Policies,
    engine: Option<&'a Engine>,
    engine_name: Option<&'a str>,
    entry: &'a str,
    arguments: &'a [String],
    environment: &'a [(String, String)],
    stdin: &'a [u8],
    directories: Vec<(&'a str, Mount<'a>)>,
    settings: Vec<(&'a str, u64)>,
}

#[derive(Debug)]
enum Mount<'a> {
    Live,
    Hermetic(&'a Tree, Access),
}

impl<'a> Pieces<'a> {
    /// A run of `guest` (its binary), as `policies` are at the beginning, on `engine`. Without arguments, environment,
    /// input, directories and settings, and entered by its `_start` or `run`.
    pub fn new(guest: &'a [u8], policies: &'a Policies, engine: &'a Engine) -> Self {
        Pieces {
            guest,
            policies,
            engine: Some(engine),
            engine_name: None,
            entry: "",
            arguments: &[],
            environment: &[],
            stdin: &[],
            directories: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// What is called, with its arguments, if it is not the guest's program.
    pub fn entry(mut self, entry: &'a str) -> Self {
        self.entry = entry;
        self
    }

    /// The arguments, from argument 0 on.
    pub fn arguments(mut self, arguments: &'a [String]) -> Self {
        self.arguments = arguments;
        self
    }

    /// The environment, in the guest's order.
    pub fn environment(mut self, environment: &'a [(String, String)]) -> Self {
        self.environment = environment;
        self
    }

    /// All of the standard input.
    pub fn stdin(mut self, stdin: &'a [u8]) -> Self {
        self.stdin = stdin;
        self
    }

    /// A hermetic directory; call it once for each, in the guest's order.
    pub fn hermetic(mut self, guest: &'a str, tree: &'a Tree, access: Access) -> Self {
        self.directories.push((guest, Mount::Hermetic(tree, access)));
        self
    }

    /// A live directory, which taints the run.
    pub fn live(mut self, guest: &'a str) -> Self {
        self.directories.push((guest, Mount::Live));
        self
    }

    /// A number of the embedder's that decides something: fuel, a limit, a capacity. Order counts.
    pub fn setting(mut self, name: &'a str, value: u64) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Leaves out the engine's compatibility hash: such a fingerprint is the same on another processor, for those who
    /// compare outcomes between machines. A cache of results is better off with it.
    pub fn portable(mut self) -> Self {
        self.engine = None;
        self
    }

    /// In place of the engine of Wasmtime's that was given: another one, by its name and line, with no word on the processor.
    pub fn engine_named(mut self, name: &'a str) -> Self {
        self.engine = None;
        self.engine_name = Some(name);
        self
    }

    /// The fingerprint.
    ///
    /// # Errors
    ///
    /// [`Tainted`], with everything that may be another the next time.
    pub fn fingerprint(&self) -> Result<Fingerprint, Tainted> {
        let mut reasons = Vec::new();
        let mut directories = Description::new("directories", 1);
        for (guest, mount) in &self.directories {
            match mount {
                Mount::Live => reasons.push(Taint::LiveDirectory { guest: (*guest).to_owned() }),
                Mount::Hermetic(tree, access) => match tree.digest() {
                    Ok(digest) => {
                        directories = directories
                            .text("guest", guest)
                            .number("access", u64::from(*access == Access::ReadWrite))
                            .bytes("digest", digest.as_bytes());
                    }
                    Err(source) => reasons.push(Taint::Contents { guest: (*guest).to_owned(), source }),
                },
            }
        }
        let policies = match self.policies.describe() {
            Ok(policies) => policies,
            Err(undescribed) => {
                let roles = undescribed.roles().iter().cloned();
                reasons.extend(roles.map(|(role, reason)| Taint::Policy { role, reason }));
                return Err(Tainted { reasons });
            }
        };
        if !reasons.is_empty() {
            return Err(Tainted { reasons });
        }

        let texts = |name, texts: &mut dyn Iterator<Item = &str>| {
            texts.fold(Description::new(name, 1), |description, text| description.text("text", text))
        };
        let variables = self.environment.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let settings = self.settings.iter();
        let settings = settings.fold(Description::new("settings", 1), |all, (name, value)| all.number(name, *value));
        let named = self.engine_name.map(|name| blake3::hash(name.as_bytes()).as_bytes().to_vec());
        let run = Description::new("run", 1)
            .bytes("guest", blake3::hash(self.guest).as_bytes())
            .text("entry", self.entry)
            .policy("arguments", texts("arguments", &mut self.arguments.iter().map(String::as_str)))
            .policy("environment", texts("environment", &mut { variables }))
            .bytes("stdin", blake3::hash(self.stdin).as_bytes())
            .policy("directories", directories)
            .policy("policies", policies)
            .policy("settings", settings)
            .text("wasmtime", WASMTIME)
            .number("adapter", ADAPTER)
            .bytes("engine", named.or_else(|| self.engine.map(engine)).unwrap_or_default());
        let context = blake3::Hasher::new_derive_key("deterministic-wasmtime 2026-11-21 fingerprint of a run");
        Ok(Fingerprint::derive(&context, run.as_bytes()))
    }
}

/// Grows whenever the adapter comes to show a guest something else for the same questions.
const ADAPTER: u32 = 1;

/// The line of Wasmtime whose results are meant.
const WASMTIME: &str = "48";

fn engine(engine: &Engine) -> Vec<u8> {
    use std::hash::Hash as _;
    let mut hasher = Blake3::default();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.digest().to_vec()
}
