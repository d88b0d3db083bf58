//! What happens between the opening of a target and the writing.
#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use deterministic_fs::{Contents, Tree, WriteError, WriteTarget};

use crate::{host, open, read, temp};

fn tree() -> Tree {
    let mut tree = Tree::new();
    tree.insert_file("d/new", *b"new").unwrap();
    tree
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// What a guest with a live directory around the target can do to what is above it.
#[test]
fn the_parent_that_was_opened_is_written_to() {
    for full in [false, true] {
        let dir = temp();
        let at = |path: &str| dir.path().join(path);
        std::fs::create_dir_all(at("live/parent")).unwrap();
        std::fs::create_dir_all(at("victim/out")).unwrap();
        std::fs::write(at("victim/out/theirs"), "theirs").unwrap();
        if full {
            std::fs::create_dir(at("live/parent/out")).unwrap();
            std::fs::write(at("live/parent/out/old"), "old").unwrap();
        }
        let target = WriteTarget::open(&at("live/parent/out")).unwrap();
        assert_eq!(target.is_full(), full);
        let before = if full { read(&at("live/parent/out")) } else { Tree::new() };
        let victim = host(&at("victim"));
        std::fs::rename(at("live/parent"), at("live/moved")).unwrap();
        symlink("../victim", at("live/parent")).unwrap();
        tree().replace(&target, &before).unwrap();
        assert_eq!(host(&at("victim")), victim);
        assert_eq!(read(&at("live/moved/out")).digest().unwrap(), tree().digest().unwrap());
        assert_eq!(std::fs::read_dir(at("live/moved")).unwrap().count(), 1);
    }
}

#[test]
fn what_took_the_targets_place_is_left() {
    type Make = fn(&Path);
    let were: [(&str, Make); 3] = [
        ("missing", |_| {}),
        ("empty", |out| std::fs::create_dir(out).unwrap()),
        ("full", |out| std::fs::create_dir_all(out.join("old")).unwrap()),
    ];
    let are: [(&str, Make); 5] = [
        ("missing", |_| {}),
        ("directory", |out| std::fs::create_dir(out).unwrap()),
        ("full", |out| std::fs::create_dir_all(out.join("theirs")).unwrap()),
        ("file", |out| std::fs::write(out, "theirs").unwrap()),
        ("link", |out| symlink("victim", out).unwrap()),
    ];
    for (was, make) in were {
        for (is, take) in are {
            let dir = temp();
            let out = dir.path().join("out");
            std::fs::create_dir(dir.path().join("victim")).unwrap();
            make(&out);
            let before = if was == "missing" { Tree::new() } else { read(&out) };
            let target = WriteTarget::open(&out).unwrap();
            if was != "missing" {
                std::fs::rename(&out, dir.path().join("away")).unwrap();
            }
            take(&out);
            let found = host(dir.path());
            if (was, is) == ("missing", "missing") {
                tree().write_to(&target).unwrap();
                assert_eq!(read(&out).digest().unwrap(), tree().digest().unwrap());
                continue;
            }
            for error in [tree().replace(&target, &before).unwrap_err(), tree().write_to(&target).unwrap_err()] {
                let refused = matches!(error, WriteError::Replaced { .. } | WriteError::NotEmpty { .. });
                assert!(refused && error.target_unchanged(), "{was} {is}: {error:?}");
                assert_eq!(host(dir.path()), found, "{was} {is}");
            }
        }
    }
}

#[test]
fn a_directory_that_changed_is_not_replaced() {
    let dir = temp();
    let out = dir.path().join("out");
    std::fs::create_dir_all(out.join("d")).unwrap();
    std::fs::write(out.join("d/file"), "old").unwrap();
    let target = WriteTarget::open(&out).unwrap();
    let before = read(&out);
    type Change = fn(&Path);
    let changes: [(Change, Change); 3] = [
        (|out| std::fs::write(out.join("more"), "").unwrap(), |out| std::fs::remove_file(out.join("more")).unwrap()),
        (
            |out| std::fs::write(out.join("d/file"), "new").unwrap(),
            |out| std::fs::write(out.join("d/file"), "old").unwrap(),
        ),
        (
            |out| std::fs::rename(out.join("d"), out.join("e")).unwrap(),
            |out| std::fs::rename(out.join("e"), out.join("d")).unwrap(),
        ),
    ];
    for (change, back) in changes {
        change(&out);
        let found = host(dir.path());
        let error = tree().replace(&target, &before).unwrap_err();
        assert!(matches!(error, WriteError::ChangedMeanwhile { .. }) && error.target_unchanged(), "{error:?}");
        assert_eq!(host(dir.path()), found);
        back(&out);
    }
    tree().replace(&target, &before).unwrap();
    assert_eq!(host(dir.path()).len(), 3);
    // It is another directory now.
    assert!(matches!(tree().replace(&target, &before), Err(WriteError::Replaced { .. })));
}

#[test]
fn permissions_stay() {
    let dir = temp();
    let out = dir.path().join("out");
    std::fs::create_dir_all(out.join("private")).unwrap();
    std::fs::create_dir_all(out.join("closed/deeper")).unwrap();
    std::fs::create_dir_all(out.join("was a directory")).unwrap();
    for (name, bytes, mode) in [
        ("program", "#!", 0o755),
        ("setuid", "#!", 0o4755),
        ("setuid but written", "#!", 0o4755),
        ("secret", "s", 0o600),
        ("private/key", "k", 0o640),
        ("closed/file", "f", 0o444),
        ("written", "w", 0o711),
        ("linked", "l", 0o604),
    ] {
        std::fs::write(out.join(name), bytes).unwrap();
        set_mode(&out.join(name), mode);
    }
    // Only who may write to it may move it.
    let root = if crate::permissions_bind() { 0o711 } else { 0o511 };
    for (name, mode) in [("private", 0o700), ("closed/deeper", 0o2750), ("closed", 0o555), ("", root)] {
        set_mode(&out.join(name), mode);
    }
    let plain = dir.path().join("plain");
    std::fs::write(&plain, "").unwrap();

    let before = Tree::read(&open(&out), Contents::AtStart).unwrap();
    let mut after = Tree::new();
    for entry in before.entries() {
        match (entry.path(), entry.bytes()) {
            ("was a directory", _) => after.insert_file(entry.path(), *b"").unwrap(),
            (path @ ("written" | "setuid but written"), _) => after.insert_file(path, *b"other").unwrap(),
            (path, Some(bytes)) => after.insert_file(path, bytes.unwrap()).unwrap(),
            (path, None) => after.insert_directory(path).unwrap(),
        }
    }
    after.insert_file("new", *b"").unwrap();
    // By its path, whatever comes first.
    after.insert_hard_link("linked", "a new name").unwrap();
    let target = WriteTarget::open(&out).unwrap();
    let removed = after.replace(&target, &before);
    // Not everybody may remove what is in a directory that may not be written.
    assert!(removed.as_ref().is_ok() || matches!(removed, Err(WriteError::OldLeft { .. })), "{removed:?}");
    for (name, is) in [
        ("", root),
        ("program", 0o755),
        ("setuid", 0o4755),
        ("setuid but written", 0o755),
        ("secret", 0o600),
        ("private", 0o700),
        ("private/key", 0o640),
        ("closed", 0o555),
        ("closed/file", 0o444),
        ("closed/deeper", 0o2750),
        ("written", 0o711),
        ("linked", 0o604),
        ("a new name", 0o604),
        ("new", mode(&plain)),
        ("was a directory", mode(&plain)),
    ] {
        assert_eq!(mode(&out.join(name)), is, "{name}: {:o}", mode(&out.join(name)));
    }
    assert_eq!(read(&out).digest().unwrap(), after.digest().unwrap());
    // Of what fails, nothing is left, whatever its permissions.
    std::fs::write(out.join("closed/file"), "changed").unwrap_or_else(|_| {
        set_mode(&out.join("closed/file"), 0o644);
        std::fs::write(out.join("closed/file"), "changed").unwrap();
    });
    let target = WriteTarget::open(&out).unwrap();
    let count = std::fs::read_dir(dir.path()).unwrap().count();
    let error = after.replace(&target, &after).unwrap_err();
    assert!(matches!(error, WriteError::ChangedMeanwhile { .. }), "{error:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), count);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(std::process::Command::new("chmod").arg("-R").arg("u+rwx").arg(&path).status().unwrap().success());
    }
}

#[test]
fn a_private_directory_stays_private() {
    let dir = temp();
    let out = dir.path().join("out");
    for full in [false, true] {
        std::fs::create_dir(&out).unwrap();
        if full {
            std::fs::write(out.join("old"), "old").unwrap();
        }
        set_mode(&out, 0o700);
        tree().replace_path(&out).unwrap();
        assert_eq!(mode(&out), 0o700);
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn what_would_fail_afterwards_fails_before() {
    let dir = temp();
    let refused = |path: &Path| WriteTarget::open(path).unwrap_err();
    if cfg!(target_os = "linux") {
        assert!(matches!(refused(Path::new("/proc")), WriteError::MountPoint { .. }));
        // Nothing can be made in there.
        assert!(matches!(refused(Path::new("/proc/new")), WriteError::Host { .. }));
    }
    if crate::permissions_bind() {
        std::fs::create_dir_all(dir.path().join("closed/out")).unwrap();
        set_mode(&dir.path().join("closed"), 0o555);
        for path in ["closed/out", "closed/new"] {
            assert!(matches!(refused(&dir.path().join(path)), WriteError::Host { .. }), "{path}");
        }
        set_mode(&dir.path().join("closed"), 0o755);
        std::fs::create_dir(dir.path().join("closed/out/d")).unwrap();
        set_mode(&dir.path().join("closed/out"), 0o555);
        assert!(matches!(refused(&dir.path().join("closed/out")), WriteError::Host { .. }));
        set_mode(&dir.path().join("closed/out"), 0o755);
    }
    let found = host(dir.path());
    WriteTarget::open(&dir.path().join("new")).unwrap();
    assert_eq!(host(dir.path()), found);
}

#[test]
fn links_are_followed_when_it_is_opened() {
    let dir = temp();
    std::fs::create_dir_all(dir.path().join("d/out")).unwrap();
    symlink("d", dir.path().join("parent")).unwrap();
    symlink("d/out", dir.path().join("link")).unwrap();
    let real = dir.path().canonicalize().unwrap();
    for (path, is) in [("parent/new", "d/new"), ("link", "d/out"), ("parent/out/", "d/out")] {
        assert_eq!(WriteTarget::open(&dir.path().join(path)).unwrap().path(), real.join(is));
    }
    let target = WriteTarget::open(&dir.path().join("link")).unwrap();
    std::fs::remove_file(dir.path().join("link")).unwrap();
    tree().write_to(&target).unwrap();
    assert_eq!(read(&dir.path().join("d/out")).digest().unwrap(), tree().digest().unwrap());
}

#[test]
fn places_in_one_another_are_told() {
    let dir = temp();
    std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
    symlink("a/b", dir.path().join("link")).unwrap();
    let target = |path: &str| WriteTarget::open(&dir.path().join(path)).unwrap();
    for (one, other, overlap) in [
        ("a/b", "a/b", true),
        ("a/b", "link", true),
        ("a/b", "a", true),
        ("a", "a/b", true),
        ("a", "link/not/there", true),
        ("a/new", "a/new", true),
        ("a/new", "a/./new/x", true),
        ("a/new", "link/../new", true),
        ("a/new", "a/b", false),
        ("a/b", "a/bc", false),
        ("a/new", "a/newer", false),
    ] {
        assert_eq!(target(one).overlaps(&dir.path().join(other)), overlap, "{one} {other}");
    }
    assert!(target("a").overlaps(target("link").path()));
}
