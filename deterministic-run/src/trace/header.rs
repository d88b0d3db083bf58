//! What the run was given, as it stands in a trace: JSON, which speaks of blobs by number.

use std::sync::Arc;

use bytes::Bytes;
use deterministic_wasmtime::core::{Policies, Seed, WallTime};
use deterministic_wasmtime::fs::{Access, Delta, Tree};
use deterministic_wasmtime::policies::{FuelClock, Preset};
use serde::{Deserialize, Serialize};

use super::{Entropy, Given, Omitted, Recording, ReplayError};
use crate::inputs::{Entry, PolicySource};
use crate::recipe::Recipe;
use crate::text::hex;
use crate::{Bundle, Error, Guest, Inputs, Refused, Request, Stdin, Summary, opt_level, opt_level_name};

/// All that is in a run's value.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// Who wrote it, and in which version.
    pub(super) written_by: String,
    /// How many blobs follow.
    pub(super) blobs: u64,
    pub(super) guest: Module,
    preloads: Vec<Module>,
    entry: EntryPart,
    arguments: Vec<String>,
    environment: Vec<(String, Part)>,
    stdin: StdinPart,
    max_files: u64,
    live_dirs: Vec<Directory>,
    hermetic_dirs: Vec<Directory>,
    policies: PoliciesPart,
    answers_requests: Option<String>,
    fuel: Option<u64>,
    max_memory: u64,
    max_held: u64,
    max_wasm_stack: u64,
    max_call_depth: Option<u32>,
    call_depth_of_stack: bool,
    allowed_imports: Vec<String>,
    engine: String,
    opt_level: Option<String>,
    all_memories: bool,
}

/// A guest, or a module before it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) sha256: String,
    /// The number of the blob that is its binary, if that is in the trace.
    blob: Option<usize>,
}

/// Bytes that are in the trace, or not.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Blob(usize),
    Omitted(Summary),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StdinPart {
    Known(Part),
    /// On the tape, up to so many bytes.
    Recorded(u64),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryPart {
    Program,
    Invoke(String),
    Request(usize),
}

#[derive(Debug, Serialize, Deserialize)]
struct Directory {
    guest: String,
    writable: bool,
    /// Of a hermetic one: what is in it, as its difference from an empty tree in postcard, and the digest of that tree.
    tree: Option<(usize, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PoliciesPart {
    /// A bundle that asks nobody.
    Bundle {
        preset: String,
        seed: String,
        epoch: Option<u64>,
        until_time: Option<u64>,
        refused: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recipe: Option<String>,
    },
    /// On the tape.
    Recorded { exact_entropy: bool, observes_fuel: bool },
}

impl Header {
    pub(super) fn of(inputs: &Inputs, how: &Recording) -> Result<(Self, Vec<Bytes>), Error> {
        let mut blobs = Vec::new();
        let mut blob = |bytes: Bytes| {
            blobs.push(bytes);
            blobs.len() - 1
        };
        let mut module = |guest: &Guest, name: &str, embed: bool| Module {
            name: name.to_owned(),
            sha256: Summary::of(guest.binary()).sha256,
            blob: embed.then(|| blob(Bytes::copy_from_slice(guest.binary()))),
        };
        let guest = module(&inputs.guest, inputs.guest.file_name(), how.embed);
        let preloads = inputs.preloads.iter().map(|preload| module(preload.guest(), preload.name(), true)).collect();
        let entry = match &inputs.entry {
            Entry::Program => EntryPart::Program,
            Entry::Invoke(call) => EntryPart::Invoke(call.clone()),
            Entry::Request(request) => EntryPart::Request(blob(Bytes::copy_from_slice(request.message()))),
        };
        let mut part = |bytes: Bytes, omitted: bool| {
            if omitted { Part::Omitted(Summary::of(&bytes)) } else { Part::Blob(blob(bytes)) }
        };
        let environment = inputs.environment().iter().map(|(name, value)| {
            let omitted = how.omitted.contains(&Omitted::Env(name.clone()));
            (name.clone(), part(Bytes::copy_from_slice(value.as_bytes()), omitted))
        });
        let environment = environment.collect();
        let heard = inputs.heard();
        let omits_stdin = how.omitted.contains(&Omitted::Stdin);
        if omits_stdin {
            heard.read_ahead()?;
        }
        let stdin = match heard.known() {
            Some(bytes) => StdinPart::Known(part(bytes, omits_stdin)),
            None => StdinPart::Recorded(heard.max()),
        };
        let live_dirs = inputs.directories.live.iter().map(|live| Directory {
            guest: live.guest.clone(),
            writable: live.access == Access::ReadWrite,
            tree: None,
        });
        let live_dirs = live_dirs.collect();
        let mut hermetic_dirs = Vec::new();
        for hermetic in &inputs.directories.hermetic {
            let unread = |error: deterministic_wasmtime::fs::Error| Error::HermeticLeft { reason: error.to_string() };
            let delta = Tree::new().delta_to(&hermetic.tree).map_err(unread)?;
            let digest = hermetic.tree.digest().map_err(unread)?;
            let delta =
                postcard::to_allocvec(&delta).map_err(|error| Error::HermeticLeft { reason: error.to_string() })?;
            hermetic_dirs.push(Directory {
                guest: hermetic.guest.clone(),
                writable: hermetic.access == Access::ReadWrite,
                tree: Some((blob(delta.into()), hex(digest.as_bytes()))),
            });
        }
        let policies = match &inputs.policies {
            PolicySource::Bundle(bundle) if bundle.is_reproducible() => PoliciesPart::Bundle {
                preset: bundle.preset.name().into(),
                seed: bundle.seed.to_string(),
                epoch: bundle.epoch.map(WallTime::as_unix_nanos),
                until_time: bundle.until_time,
                refused: bundle.refused.iter().map(|refused| refused.name().into()).collect(),
                recipe: bundle.recipe.as_ref().map(Recipe::to_string),
            },
            _ => PoliciesPart::Recorded {
                exact_entropy: how.entropy == Entropy::Exact,
                observes_fuel: inputs.make_policies().clock.fuel_observer().is_some(),
            },
        };
        let header = Header {
            written_by: concat!("deterministic-run ", env!("CARGO_PKG_VERSION")).into(),
            blobs: blobs.len() as u64,
            guest,
            preloads,
            entry,
            arguments: inputs.arguments.clone(),
            environment,
            stdin,
            max_files: inputs.directories.capacity,
            live_dirs,
            hermetic_dirs,
            policies,
            answers_requests: inputs.responder.as_ref().map(|responder| responder.key.clone()),
            fuel: inputs.fuel,
            max_memory: inputs.max_memory,
            max_held: inputs.max_held,
            max_wasm_stack: inputs.max_wasm_stack as u64,
            max_call_depth: inputs.max_call_depth,
            call_depth_of_stack: inputs.call_depth_of_stack,
            allowed_imports: inputs.allowed_imports.clone(),
            engine: inputs.engine_kind.name().into(),
            opt_level: inputs.opt_level.map(opt_level_name).map(str::to_owned),
            all_memories: inputs.all_memories,
        };
        Ok((header, blobs))
    }

    /// The value that was recorded.
    pub(super) fn inputs(&self, blobs: &[Bytes], given: &Given) -> Result<Inputs, Error> {
        let bad = |reason: &str| Error::from(ReplayError::Header { reason: reason.to_owned() });
        let blob = |at: usize| blobs.get(at).cloned().ok_or_else(|| bad("it speaks of bytes that are not there"));
        let mut inputs = Inputs::of(self.guest.found(given.guest.as_ref(), given.any_guest, &blob)?);
        for preload in &self.preloads {
            inputs = inputs.preload(&preload.name, preload.found(None, false, &blob)?);
        }
        match &self.entry {
            EntryPart::Program => {}
            EntryPart::Invoke(call) => inputs = inputs.invoke(call),
            EntryPart::Request(at) => inputs = inputs.request(Request::parse(&blob(*at)?)?),
        }
        let (argument_0, arguments) = self.arguments.split_first().ok_or_else(|| bad("it has no argument 0"))?;
        inputs = inputs.arg0(argument_0).args(arguments);
        for (name, value) in &self.environment {
            let again = given.env.iter().rev().find(|(given, _)| given == name);
            let again = again.map(|(_, value)| Bytes::copy_from_slice(value.as_bytes()));
            let value = value.found(again, &blob, || format!("the environment variable `{name}`"))?;
            let value = String::from_utf8(value.to_vec()).map_err(|_| bad("a variable is not UTF-8"))?;
            inputs = inputs.env(name, value);
        }
        inputs = inputs.stdin_from(match &self.stdin {
            StdinPart::Known(part) => part.found(given.stdin.clone(), &blob, || "the standard input".into())?.into(),
            // It is on the tape.
            StdinPart::Recorded(max) => Stdin::from_reader(std::io::empty(), *max),
        });
        inputs = inputs.max_files(self.max_files);
        for live in &self.live_dirs {
            // It is on the tape, and the host is not asked.
            inputs = inputs.live_dir("", &live.guest, live.access());
        }
        for hermetic in &self.hermetic_dirs {
            let (at, digest) = hermetic.tree.as_ref().ok_or_else(|| bad("a hermetic directory has no contents"))?;
            let delta: Delta = postcard::from_bytes(&blob(*at)?).map_err(|_| bad("a hermetic directory has others"))?;
            let tree = Tree::new().with(&delta).map_err(|_| bad("a hermetic directory has impossible contents"))?;
            let same = tree.digest().is_ok_and(|found| hex(found.as_bytes()) == *digest);
            if !same {
                return Err(bad("a hermetic directory has other contents than it should"));
            }
            inputs = inputs.hermetic(Arc::new(tree), &hermetic.guest, hermetic.access());
        }
        inputs = self.policies.given_to(inputs)?;
        inputs.fuel = self.fuel;
        inputs.max_call_depth = self.max_call_depth;
        let stack = usize::try_from(self.max_wasm_stack).map_err(|_| bad("its stack is larger than memory is here"))?;
        inputs = inputs
            .max_memory(self.max_memory)
            .max_held(self.max_held)
            .max_wasm_stack(stack)
            .max_call_depth_of_stack(self.call_depth_of_stack)
            .all_memories(self.all_memories);
        for name in &self.allowed_imports {
            inputs = inputs.allow_import(name);
        }
        let engine = match given.engine {
            Some(engine) => engine,
            None => self.engine.parse().map_err(|_| bad("its engine is not one that is here"))?,
        };
        inputs = inputs.engine_kind(engine);
        if let Some(level) = self.opt_level.as_deref().filter(|_| given.engine.is_none()) {
            inputs = inputs.opt_level(opt_level(level).map_err(|_| bad("its level of optimisation is none"))?);
        }
        Ok(inputs)
    }

    /// How random bytes were recorded.
    pub(super) fn entropy(&self) -> Entropy {
        match self.policies {
            PoliciesPart::Recorded { exact_entropy: true, .. } => Entropy::Exact,
            _ => Entropy::Seeded,
        }
    }

    /// Whether somebody answered the guest's requests.
    pub(super) fn answers_requests(&self) -> bool {
        self.answers_requests.is_some()
    }
}

impl Module {
    fn found(
        &self,
        given: Option<&Guest>,
        any: bool,
        blob: &impl Fn(usize) -> Result<Bytes, Error>,
    ) -> Result<Guest, Error> {
        let guest = match (given, self.blob) {
            (Some(guest), _) => guest.clone(),
            (None, Some(at)) => Guest::new(&self.name, &blob(at)?)?,
            (None, None) => {
                let (name, sha256) = (self.name.clone(), self.sha256.clone());
                return Err(ReplayError::NoGuest { name, sha256 }.into());
            }
        };
        let sha256 = Summary::of(guest.binary()).sha256;
        if sha256 != self.sha256 && !any {
            return Err(ReplayError::OtherGuest { recorded: self.sha256.clone(), given: sha256 }.into());
        }
        Ok(guest)
    }
}

impl Part {
    fn found(
        &self,
        given: Option<Bytes>,
        blob: &impl Fn(usize) -> Result<Bytes, Error>,
        what: impl Fn() -> String,
    ) -> Result<Bytes, Error> {
        match (self, given) {
            (Part::Blob(at), _) => blob(*at),
            (Part::Omitted(_), None) => Err(ReplayError::Omitted { what: what() }.into()),
            (Part::Omitted(summary), Some(given)) if Summary::of(&given) == *summary => Ok(given),
            (Part::Omitted(_), Some(_)) => Err(ReplayError::Other { what: what() }.into()),
        }
    }
}

impl Directory {
    fn access(&self) -> Access {
        if self.writable { Access::ReadWrite } else { Access::ReadOnly }
    }
}

impl PoliciesPart {
    fn given_to(&self, inputs: Inputs) -> Result<Inputs, Error> {
        let bad = |what: &str| Error::from(ReplayError::Header { reason: format!("it has no {what} that is known") });
        match self {
            PoliciesPart::Bundle { preset, seed, epoch, until_time, refused, recipe } => {
                let preset: Preset = preset.parse().map_err(|_| bad("preset"))?;
                let seed: Seed = seed.parse().map_err(|_| bad("seed"))?;
                let find = |name: &String| Refused::ALL.iter().copied().find(|refused| refused.name() == name);
                let refused = refused.iter().map(|name| find(name).ok_or_else(|| bad("question to refuse")));
                Ok(inputs.bundle(Bundle {
                    epoch: epoch.map(WallTime::from_unix_nanos),
                    until_time: *until_time,
                    refused: refused.collect::<Result<_, _>>()?,
                    recipe: recipe.as_ref().map(|recipe| recipe.parse().map_err(|_| bad("recipe"))).transpose()?,
                    ..Bundle::new(preset, seed)
                }))
            }
            // They are on the tape. What is asked of these is whether fuel is counted.
            PoliciesPart::Recorded { observes_fuel: false, .. } => Ok(inputs.policies(Policies::default)),
            PoliciesPart::Recorded { observes_fuel: true, .. } => {
                Ok(inputs.policies(|| Policies { clock: Box::new(FuelClock::default()), ..Policies::default() }))
            }
        }
    }
}
