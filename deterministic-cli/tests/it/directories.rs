//! `--dir-hermetic` and `--write-back`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::input::component;
use crate::{Place, Ran, guests};

/// What is in a directory: paths from it, and what they hold.
fn tree(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            if path.is_dir() {
                found.push((name, "directory".into()));
                left.push(path);
            } else {
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

fn place() -> Place {
    let place = Place::new();
    place.file("write.wat", guests::write_file(""));
    fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/gone", "to be removed");
    place.file("data/kept", "as it was");
    place
}

fn before() -> Vec<(String, String)> {
    [("gone", "to be removed"), ("kept", "as it was")].map(|(name, text)| (name.into(), text.into())).into()
}

fn after() -> Vec<(String, String)> {
    [("kept", "as it was"), ("out", "written")].map(|(name, text)| (name.into(), text.into())).into()
}

#[test]
fn what_the_guest_changes_stays_in_memory() {
    let place = place();
    place.detwasi(&["run", "--dir-hermetic", "data::/data", "write.wat"]).assert(0, "");
    assert_eq!(tree(&place.path("data")), before());
    // And live it does not.
    place.detwasi(&["run", "--dir", "data::/data", "write.wat"]).assert(0, "");
    assert_eq!(tree(&place.path("data")), after());
}

#[test]
fn it_is_written_to_a_new_or_an_empty_directory_or_to_where_it_was() {
    let place = place();
    fs::create_dir(place.path("empty")).expect("a directory");
    for target in ["new", "empty"] {
        let ran = place.detwasi(&["run", "--dir-hermetic", "data", "--write-back", target, "write.wat"]);
        ran.assert(0, "");
        assert_eq!(ran.stderr, format!("detwasi: `{target}` is `data` as the guest left it\n"));
        assert_eq!(tree(&place.path(target)), after());
        assert_eq!(tree(&place.path("data")), before());
    }
    place.detwasi(&["run", "--dir-hermetic", "data::/d", "--write-back", "data::/d", "write.wat"]).assert(0, "");
    assert_eq!(tree(&place.path("data")), after());
    let names = fs::read_dir(place.0.path()).expect("a directory").count();
    assert_eq!(names, 4, "the guest, and three directories: nothing else is left");
}

#[test]
fn a_guest_that_is_ended_leaves_the_target_as_it_was() {
    let place = place();
    place.file("trap.wat", guests::write_file("(unreachable)"));
    let ran = place.detwasi(&["run", "--dir-hermetic", "data", "--write-back", "new", "trap.wat"]);
    assert_eq!(ran.code, Some(134), "{ran:?}");
    assert!(ran.stderr.starts_with("detwasi: `new` is as it was, because the guest was ended"), "{ran:?}");
    assert!(!place.path("new").exists());
    // One that fails by itself knows what it left.
    place.file("fail.wat", guests::write_file("(call $exit (i32.const 3))"));
    place.detwasi(&["run", "--dir-hermetic", "data", "--write-back", "new", "fail.wat"]).assert(3, "");
    assert_eq!(tree(&place.path("new")), after());
}

#[test]
fn a_killed_run_leaves_the_host_untouched() {
    let place = place();
    place.file("spin.wat", guests::write_file("(loop (br 0))"));
    let args = ["run", "--dir-hermetic", "data", "--write-back", "data", "spin.wat"];
    let mut child = crate::detwasi()
        .args(args)
        .current_dir(place.0.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("detwasi starts");
    // Whether it got as far as writing makes no difference to what must hold.
    std::thread::sleep(std::time::Duration::from_millis(300));
    child.kill().expect("it runs still");
    child.wait().expect("it ends");
    assert_eq!(tree(&place.path("data")), before());
    assert_eq!(fs::read_dir(place.0.path()).expect("a directory").count(), 3);
}

#[test]
fn the_report_has_digests_and_changes() {
    let place = place();
    let run = |report: &str, dir: &str| {
        place.detwasi(&["run", "--report", report, "--dir-hermetic", dir, "write.wat"]).assert(0, "");
        place.json(report)["directories"][0].clone()
    };
    let report = run("a.json", "data::/data");
    assert_eq!(report["guest"], "/data");
    let changes = serde_json::json!([{"path": "gone", "kind": "removed"}, {"path": "out", "kind": "created"}]);
    assert_eq!(report["changes"], changes);
    assert_ne!(report["digest"], report["digest_after"]);
    // Another copy is the same tree.
    fs::create_dir(place.path("copy")).expect("a directory");
    place.file("copy/kept", "as it was");
    place.file("copy/gone", "to be removed");
    assert_eq!(run("b.json", "copy::/data"), report);
}

#[test]
fn the_capacity_is_a_full_disk_to_the_guest() {
    let place = place();
    let run = |size: &str| place.detwasi(&["run", "--dir-hermetic", "data", "--max-files", size, "write.wat"]);
    // A directory and two files: 512 bytes each, 22 in them, 64 and its length for each name.
    let refused = run("1693");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("at least 1694 bytes") && refused.stderr.contains("room for 1693"), "{refused:?}");
    // The guest removes 593 of them, and then makes a file of 586.
    run("1694").assert(0, "");
    place.file("both.wat", guests::write_file("").replace("(call $remove)", ""));
    let run = |size: &str| place.detwasi(&["run", "--dir-hermetic", "data", "--max-files", size, "both.wat"]);
    run("1694").assert(51, "");
    run("2280").assert(0, "");
}

#[test]
fn what_is_given_to_read_cannot_be_changed() {
    let place = place();
    place.file("read.wat", guests::hello_file());
    place.file("data/hello", "hello from a file\n");
    let module = guests::write_file("");
    place.file("module.wat", &module);
    place.file("component.wasm", component(&module));
    let before = tree(&place.path("data"));
    for option in ["--dir", "--dir-hermetic"] {
        place.detwasi(&["run", option, "data::/data::ro", "read.wat"]).assert(0, "hello from a file\n");
        // EPERM; a component can only say that it failed.
        for (guest, code) in [("module.wat", 63), ("component.wasm", 1)] {
            place.detwasi(&["run", option, "data::/data::ro", guest]).assert(code, "");
            assert_eq!(tree(&place.path("data")), before);
        }
        // The same directory beside it can be changed, be it the first or the second.
        let other = "data::/other::rw";
        place.detwasi(&["run", option, "data::/data::ro", option, other, "module.wat"]).assert(63, "");
        if option == "--dir-hermetic" {
            place.detwasi(&["run", option, other, option, "data::/data::ro", "module.wat"]).assert(0, "");
        }
        assert_eq!(tree(&place.path("data")), before);
    }
    // Stock gets it so too.
    for option in ["--dir", "--dir-hermetic"] {
        let ran = place.detwasi(&["compare", "--runs", "1", "--json", option, "data::/data::ro", "module.wat"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let json: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        assert_eq!((&json["stock"]["exit_code"], &json["detwasi"]["exit_code"]), (&63.into(), &63.into()), "{json}");
        assert_eq!(tree(&place.path("data")), before);
    }
}

#[test]
fn only_what_can_be_changed_is_written_back() {
    let place = place();
    fs::create_dir(place.path("more")).expect("a directory");
    let dirs = ["--dir-hermetic", "data::/data", "--dir-hermetic", "more::/more::ro"];
    let run = |args: &[&str]| place.detwasi(&[&["run"], &dirs[..], args, &["write.wat"]].concat());
    // Of two, that is the one.
    run(&["--write-back", "new"]).assert(0, "");
    assert_eq!(tree(&place.path("new")), after());
    refused(&run(&["--write-back", "other::/more"]), &["only read `/more`", "leave out --write-back", "::ro"]);
    let ran = place.detwasi(&["run", "--dir-hermetic", "data::d::ro", "--write-back", "other", "write.wat"]);
    refused(&ran, &["only read `d`"]);
    assert!(!place.path("other").exists());
}

#[test]
fn what_follows_the_name_is_an_access_or_refused() {
    let place = place();
    for option in ["--dir", "--dir-hermetic"] {
        for (dir, says) in [
            ("data::/d::r", &["`ro`", "`rw`", "not `r`"][..]),
            ("data::/d::RO", &["not `RO`"]),
            ("data::/d::", &["not ``"]),
            ("data::/d::ro::ro", &["not `ro::ro`"]),
            ("data::::ro", &["data::/data::ro"]),
            ("::/d::ro", &["data::/data::ro"]),
            ("::ro", &["data::/data::ro"]),
            // No directory that can be written, of that name.
            ("data::ro", &["`data::data::ro`", "`data::./ro`"]),
        ] {
            refused(&place.detwasi(&["run", option, dir, "write.wat"]), says);
            refused(&place.detwasi(&["compare", option, dir, "write.wat"]), says);
        }
    }
    assert_eq!(tree(&place.path("data")), before());
    place.detwasi(&["run", "--dir", "data::./ro", "write.wat"]).assert(0, "");
    assert_eq!(tree(&place.path("data")), after());
}

#[track_caller]
fn refused(ran: &Ran, says: &[&str]) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{ran:?}");
    assert!(says.iter().all(|says| ran.stderr.contains(says)), "{ran:?} does not say {says:?}");
}

#[test]
fn what_cannot_work_is_refused_before_the_guest_starts() {
    let place = place();
    let run = |args: &[&str]| place.detwasi(&[&["run"], args, &["write.wat"]].concat());
    refused(&run(&["--dir-hermetic", "nowhere"]), &["nowhere"]);
    refused(&run(&["--dir-hermetic", "write.wat"]), &["write.wat"]);
    refused(&run(&["--dir-hermetic", ""]), &["give a directory"]);
    refused(&run(&["--write-back", "new"]), &["new", "nothing"]);
    let two = ["--dir-hermetic", "data::/a", "--dir-hermetic", "data::/b", "--write-back"];
    refused(&run(&[&two[..], &["new"]].concat()), &["`/a`, `/b`", "DIR::GUEST"]);
    refused(&run(&[&two[..], &["new::/c"]].concat()), &["`/a`, `/b`"]);
    refused(&run(&[&two[..], &["new::/b", "--write-back", "other::/b"]].concat()), &["`/b`", "once"]);
    let one = ["--dir-hermetic", "data", "--write-back"];
    refused(&run(&[&one[..], &["."]].concat()), &["something in it"]);
    refused(&run(&[&one[..], &["write.wat"]].concat()), &["not a directory"]);
    refused(&run(&[&one[..], &["nowhere/new"]].concat()), &["nowhere"]);
    refused(&run(&["--max-files", "-1"]), &["--max-files"]);
    let status = Command::new("mkfifo").arg(place.path("data/fifo")).status().expect("mkfifo");
    assert!(status.success());
    refused(&run(&[&one[..], &["new"]].concat()), &["fifo"]);
    // Without that, it is only something that cannot be opened.
    run(&["--dir-hermetic", "data"]).assert(0, "");
    assert!(!place.path("new").exists());
    assert_eq!(fs::read(place.path("data/gone")).expect("a file"), b"to be removed");
}
