//! `detwasi` as a shell sees it.

mod allow_http;
mod audit;
mod bad_input;
mod cache;
mod compare;
mod compiled;
mod component_guests;
mod components;
mod core_dump;
mod demo;
mod directories;
mod endings;
mod engines;
mod fetchers;
#[cfg(unix)]
mod file_size;
mod guests;
mod hostile_text;
mod http;
mod input;
mod interrupts;
mod invoke;
mod keys;
mod killed;
mod log;
#[cfg(target_os = "linux")]
mod memory;
mod options;
mod preload;
mod profile;
mod programs;
mod refused;
mod report;
mod search;
#[path = "../../../deterministic-wasi/tests/server/mod.rs"]
mod server;
mod stacks;
mod trace;
mod transcripts;
mod until;
mod verify;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A directory of a test's own.
struct Place(TempDir);

/// What a run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ran {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Place(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path, as an argument.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        text(&path)
    }

    /// Runs with the directory as the current one, and without input.
    fn detwasi(&self, args: &[&str]) -> Ran {
        self.detwasi_with(args, b"", |_| ())
    }

    fn detwasi_with(&self, args: &[&str], stdin: &[u8], change: impl FnOnce(&mut Command)) -> Ran {
        let mut command = detwasi();
        command.args(args).current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("detwasi starts");
        if let Some(mut pipe) = child.stdin.take() {
            // A run that ends before it reads its input closes the pipe.
            let _ = pipe.write_all(stdin);
        }
        let output = child.wait_with_output().expect("detwasi ends");
        Ran {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).expect("a report")).expect("JSON")
    }
}

impl Ran {
    #[track_caller]
    fn assert(&self, code: i32, stdout: impl AsRef<[u8]>) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(stdout.as_ref()), "{self:?}");
    }
}

/// `detwasi`, which keeps compiled code among the files of the tests, and has no settings of the user's.
fn detwasi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_detwasi"));
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("detwasi");
    command.env("XDG_CACHE_HOME", own.join("cache")).env("XDG_CONFIG_HOME", own.join("config"));
    command
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
