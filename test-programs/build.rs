//! Compiles the guests for WebAssembly and writes the Rust source that `src/lib.rs` includes: a constant per guest, the
//! list of all of them, and `foreach_guest!`. What is missing stops the build; no guest is ever left out.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::Mutex;
use std::thread;

fn main() {
    if let Err(error) = build() {
        eprintln!("{error}");
        process::exit(1);
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", "rust", "c", "wat"] {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-env-changed=WASI_SDK_PATH");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let tools = find_tools(&out)?;
    let mut guests = Vec::new();
    for language in [Language::Rust, Language::C, Language::Wat] {
        guests.extend(sources(language)?);
    }
    guests.sort_by(|a, b| a.name.cmp(&b.name));
    compile_all(&tools, &guests, &out)?;
    fs::write(out.join("guests.rs"), generated(&guests))?;
    Ok(())
}

// ---- the guests ----------------------------------------------------------------------------------------------------

#[derive(Clone, Copy)]
enum Language {
    Rust,
    C,
    Wat,
}

impl Language {
    /// The directory and the prefix of the guests' names.
    fn prefix(self) -> &'static str {
        ["rust", "c", "wat"][self as usize]
    }

    fn extension(self) -> &'static str {
        ["rs", "c", "wat"][self as usize]
    }

    /// What introduces the comment at the head of a guest.
    fn comment(self) -> &'static str {
        ["//!", "//", ";;"][self as usize]
    }
}

struct Guest {
    name: String,
    language: Language,
    /// Relative to this crate, so that no path of this machine reaches a guest.
    source: PathBuf,
    /// The comment at its head, which becomes the documentation of its constant.
    about: String,
}

/// The guests of one language: the files right in its directory. Those deeper down are shared by guests.
fn sources(language: Language) -> Result<Vec<Guest>, Box<dyn Error>> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(language.prefix())? {
        let source = entry?.path();
        if source.is_dir() {
            continue;
        }
        let stem = source.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if source.extension() != Some(language.extension().as_ref()) || stem.is_empty() || !stem.chars().all(is_name) {
            return Err(format!(
                "{}: not a guest; name it like a function, lower_case.{}",
                source.display(),
                language.extension()
            )
            .into());
        }
        let text = fs::read_to_string(&source)?;
        let head = text.lines().map_while(|line| line.strip_prefix(language.comment()));
        let about = head.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
        if about.is_empty() {
            return Err(format!(
                "{}: say at its head, after `{}`, what the guest checks",
                source.display(),
                language.comment()
            )
            .into());
        }
        guests.push(Guest { name: format!("{}_{stem}", language.prefix()), language, source, about });
    }
    Ok(guests)
}

fn generated(guests: &[Guest]) -> String {
    let mut code = String::new();
    for Guest { name, about, .. } in guests {
        let constant = name.to_uppercase();
        writeln!(code, "#[doc = {about:?}]").unwrap();
        writeln!(code, "pub const {constant}: Guest = Guest {{").unwrap();
        writeln!(code, "    name: {name:?},").unwrap();
        writeln!(code, "    wasm: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\")),").unwrap();
        writeln!(code, "}};").unwrap();
    }
    let constants = guests.iter().map(|g| g.name.to_uppercase()).collect::<Vec<_>>().join(", ");
    let names = guests.iter().map(|g| &g.name[..]).collect::<Vec<_>>().join(" ");
    writeln!(code, "/// Every guest, by name.\npub const ALL: &[Guest] = &[{constants}];").unwrap();
    writeln!(code, "/// Calls the macro that is named with the names of all guests: see the crate's documentation.")
        .unwrap();
    writeln!(code, "#[macro_export]\nmacro_rules! foreach_guest {{ ($m:ident) => {{ $m! {{ {names} }} }} }}").unwrap();
    code
}

// ---- compiling them ------------------------------------------------------------------------------------------------

fn compile_all(tools: &Tools, guests: &[Guest], out: &Path) -> Result<(), Box<dyn Error>> {
    let queue = Mutex::new(guests.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |n| n.get()).min(guests.len()) {
            scope.spawn(|| {
                loop {
                    let Some(guest) = queue.lock().unwrap().next() else { break };
                    if let Err(error) = compile(tools, guest, &out.join(format!("{}.wasm", guest.name))) {
                        failures.lock().unwrap().push(format!("{}: {error}", guest.source.display()));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner()?;
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

fn compile(tools: &Tools, guest: &Guest, output: &Path) -> Result<(), Box<dyn Error>> {
    let mut command = match guest.language {
        Language::Rust => tools.rust.command(&guest.name)?,
        Language::C => tools.c.command()?,
        // Wasmtime reads the text itself, and the test then sees the line numbers of this file.
        Language::Wat => return Ok(fs::write(output, fs::read(&guest.source)?)?),
    };
    command.arg(&guest.source).arg("-o").arg(output);
    if matches!(guest.language, Language::C) {
        command.arg(C_LIBRARY);
    }
    let done = command.output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        return Err(format!("{} ended with {}\n{said}", command.get_program().display(), done.status).into());
    }
    for line in said.lines() {
        println!("cargo::warning={line}");
    }
    Ok(())
}

// ---- the tools -----------------------------------------------------------------------------------------------------

struct Tools {
    rust: RustTool,
    c: CTool,
}

struct RustTool {
    rustc: OsString,
    target: &'static str,
}

struct CTool {
    clang: OsString,
    flags: Vec<OsString>,
}

/// `clock()` and the clocks of CPU time live in a library of their own.
const C_LIBRARY: &str = "-lwasi-emulated-process-clocks";

impl RustTool {
    fn command(&self, name: &str) -> Result<Command, Box<dyn Error>> {
        let mut command = tool(&self.rustc);
        command.args(["--edition=2021", "--crate-type=bin", "--target", self.target, "--crate-name", name]);
        command.args(["-Copt-level=2", "-Ccodegen-units=1", "-Cstrip=debuginfo", "-Dunsafe-op-in-unsafe-fn"]);
        let mut remap = OsString::from("--remap-path-prefix=");
        remap.push(env::current_dir()?);
        remap.push("=/test-programs");
        command.arg(remap);
        Ok(command)
    }
}

impl CTool {
    fn command(&self) -> Result<Command, Box<dyn Error>> {
        let mut command = tool(&self.clang);
        command.args(&self.flags);
        command.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-D_WASI_EMULATED_PROCESS_CLOCKS"]);
        let mut remap = OsString::from("-ffile-prefix-map=");
        remap.push(env::current_dir()?);
        remap.push("=/test-programs");
        command.arg(remap);
        Ok(command)
    }
}

/// A command that sees nothing of what Cargo and the user's shell ask of other compilations (RUSTFLAGS, wrappers, CPATH, …).
fn tool(program: &OsString) -> Command {
    let kept = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME"];
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(kept.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

fn find_tools(out: &Path) -> Result<Tools, Box<dyn Error>> {
    let mut tried = String::new();
    let rust = find_rust(&mut tried);
    let c = find_c(out, &mut tried)?;
    if let (Some(rust), Some(c)) = (rust, c) {
        return Ok(Tools { rust, c });
    }
    let command = if Path::new("/etc/debian_version").exists() {
        "apt-get install rustc libstd-rust-dev-wasm32 clang lld wasi-libc libclang-rt-14-dev-wasm32".to_owned()
    } else {
        let arch = if env::consts::ARCH == "aarch64" { "arm64" } else { env::consts::ARCH };
        let sdk = format!("wasi-sdk-25/wasi-sdk-25.0-{arch}-{}.tar.gz", env::consts::OS);
        format!(
            "rustup target add wasm32-wasip1 && mkdir -p ~/wasi-sdk && \
             curl -sSfL https://github.com/WebAssembly/wasi-sdk/releases/download/{sdk} \
             | tar -xz -C ~/wasi-sdk --strip-components=1 && export WASI_SDK_PATH=~/wasi-sdk"
        )
    };
    Err(format!("The guests need compilers for WebAssembly that are not here. Install them with\n\n    {command}\n\nTried:\n{tried}")
        .into())
}

/// A compiler whose standard library for WASI 0.1 is installed.
fn find_rust(tried: &mut String) -> Option<RustTool> {
    let own = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    for rustc in [own, "/usr/bin/rustc".into()] {
        for target in ["wasm32-wasip1", "wasm32-wasi"] {
            let has_std = || {
                let asked = tool(&rustc).args(["--print", "target-libdir", "--target", target]).output().ok()?;
                let mut files = fs::read_dir(String::from_utf8(asked.stdout).ok()?.trim_end()).ok()?;
                files
                    .any(|file| file.is_ok_and(|f| f.file_name().to_string_lossy().starts_with("libstd-")))
                    .then_some(())
            };
            if has_std().is_some() {
                return Some(RustTool { rustc, target });
            }
            writeln!(tried, "  {}: no standard library for {target}", rustc.display()).unwrap();
        }
    }
    None
}

/// A clang that compiles and links a program for WASI 0.1.
fn find_c(out: &Path, tried: &mut String) -> Result<Option<CTool>, Box<dyn Error>> {
    let probe = out.join("probe.c");
    fs::write(&probe, "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n")?;
    let mut places: Vec<(OsString, OsString)> =
        vec![("clang".into(), "/usr".into()), ("clang-14".into(), "/usr".into())];
    if let Some(sdk) = env::var_os("WASI_SDK_PATH").map(PathBuf::from) {
        places.insert(0, (sdk.join("bin/clang").into(), sdk.join("share/wasi-sysroot").into()));
    }
    places.push(("/opt/wasi-sdk/bin/clang".into(), "/opt/wasi-sdk/share/wasi-sysroot".into()));
    for (clang, root) in places {
        let mut sysroot = OsString::from("--sysroot=");
        sysroot.push(&root);
        for target in ["--target=wasm32-wasi", "--target=wasm32-wasip1"] {
            let found = CTool { clang: clang.clone(), flags: vec![target.into(), sysroot.clone()] };
            let mut command = found.command()?;
            let why = match command.arg(&probe).arg("-o").arg(out.join("probe.wasm")).arg(C_LIBRARY).output() {
                Ok(done) if done.status.success() => return Ok(Some(found)),
                Ok(done) => String::from_utf8_lossy(&done.stderr).lines().next().unwrap_or("it failed").to_owned(),
                Err(error) => error.to_string(),
            };
            writeln!(tried, "  {} {target} {}: {why}", clang.display(), sysroot.display()).unwrap();
        }
    }
    Ok(None)
}
