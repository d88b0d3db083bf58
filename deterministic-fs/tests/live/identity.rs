use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const FILES: &[&str] = &["b", "B", "a/x", "a/y", "a/c/x", "ä", "a.txt", "a-b/z", "empty"];

fn build(root: &Path, order: impl Iterator<Item = &'static &'static str>) {
    for path in order {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, path.file_name().expect("a name").as_encoded_bytes()).expect("a file");
    }
    fs::write(root.join("empty"), "").expect("a file");
    symlink("a/c", root.join("link")).expect("a link");
    symlink("nowhere", root.join("a/broken")).expect("a link");
}

#[test]
fn equal_directories_look_equal() {
    let (one, two) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    build(one.path(), FILES.iter());
    // Other inodes, another order, other times, and a directory that once was large.
    for number in 0..500 {
        fs::write(two.path().join(format!("churn{number}")), "").expect("a file");
    }
    build(two.path(), FILES.iter().rev());
    for number in 0..500 {
        fs::remove_file(two.path().join(format!("churn{number}"))).expect("no file");
    }
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    for path in FILES {
        fs::File::open(two.path().join(path)).expect("a file").set_modified(past).expect("a time");
    }
    let [one, two] = [one.path(), two.path()].map(|path| {
        let (mut fs, root) = mount(path, Access::ReadOnly);
        let mut out = String::new();
        walk(&mut fs, &root, "", &mut out);
        out
    });
    assert_eq!(one, two);
    assert!(one.contains("/a/c/x Stat") && one.contains("/link Stat"), "{one}");
    // As sorted by bytes.
    let tops: Vec<&str> =
        one.lines().filter_map(|line| line.strip_prefix('/')?.split_once(" S")).map(|it| it.0).collect();
    assert_eq!(
        tops,
        ["B", "a", "a/broken", "a/c", "a/c/x", "a/x", "a/y", "a-b", "a-b/z", "a.txt", "b", "empty", "link", "ä"]
    );
}

/// Whatever way an object is first reached by, it is who it would be by its own path.
#[test]
fn links_on_the_way_do_not_matter() {
    let dir = tempfile::tempdir().expect("a directory");
    build(dir.path(), FILES.iter());
    symlink("../link", dir.path().join("a-b/up")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    let plain: Vec<Stat> = ["a", "a/c", "a/c/x", "b"].map(|path| stat(&mut fs, &root, path)).into();
    assert!(plain.iter().enumerate().all(|(i, a)| plain[..i].iter().all(|b| a.identity != b.identity)));

    type Ways = &'static [&'static str];
    let ways: [Ways; 4] = [
        &["link/..", "./a", "a//", "a-b/../link/../c/.."],
        &["link", "a-b/up"],
        &["link/x", "a-b/up/x"],
        &["a-b/up/../../b"],
    ];
    for (ways, plain) in ways.into_iter().zip(&plain) {
        for way in ways {
            let (mut fs, root) = writable(dir.path());
            assert_eq!(fs.stat_at(&root, way, true).expect("an object").identity, plain.identity, "{way}");
            let (mut fs, root) = writable(dir.path());
            let handle = fs.open_at(&root, way, READ).expect("an object");
            assert_eq!(fs.stat(&handle).expect("a stat").identity, plain.identity, "{way}");
        }
    }
    // A link is another object than where it leads, whichever comes first.
    let (mut fs, root) = writable(dir.path());
    let there = fs.stat_at(&root, "link", true).expect("an object").identity;
    assert_ne!(stat(&mut fs, &root, "link").identity, there);
    // What is in a directory that was opened through a link, too.
    let (mut fs, root) = writable(dir.path());
    let below = fs.open_at(&root, "a-b/up", DIRECTORY).expect("a directory");
    assert_eq!(fs.read_directory(&below).expect("a listing")[0].identity, plain[2].identity);
}

#[test]
fn inodes_used_again_are_other_objects() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut fs, root) = writable(dir.path());
    put(&mut fs, &root, "stays", "");
    let stays = stat(&mut fs, &root, "stays").identity;
    let mut seen = std::collections::BTreeSet::from([stays]);
    for turn in 0..200 {
        if turn % 2 == 0 {
            put(&mut fs, &root, "comes", "");
            assert!(seen.insert(stat(&mut fs, &root, "comes").identity));
            fs.unlink_file_at(&root, "comes").expect("an unlink");
        } else {
            fs.create_directory_at(&root, "comes").expect("a directory");
            assert!(seen.insert(stat(&mut fs, &root, "comes").identity));
            fs.remove_directory_at(&root, "comes").expect("no directory");
        }
        assert_eq!(stat(&mut fs, &root, "stays").identity, stays);
    }
    // A rename is not a new object, in its place neither.
    fs.rename_at(&root, "stays", &root, "moved").expect("a rename");
    assert_eq!(stat(&mut fs, &root, "moved").identity, stays);
    put(&mut fs, &root, "stays", "");
    assert!(seen.insert(stat(&mut fs, &root, "stays").identity));
}

#[test]
fn directories_renamed_while_open() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("a")).expect("a directory");
    fs::write(dir.path().join("a/x"), "").expect("a file");
    let (mut fs, root) = writable(dir.path());
    let old = fs.open_at(&root, "a", DIRECTORY).expect("a directory");
    fs.rename_at(&root, "a", &root, "b").expect("a rename");
    fs.create_directory_at(&root, "a").expect("a directory");
    put(&mut fs, &root, "a/x", "");
    // The other `a/x`, by a path from before the rename.
    let x = stat(&mut fs, &old, "x").identity;
    assert_eq!(x, stat(&mut fs, &root, "b/x").identity);
    assert_ne!(x, stat(&mut fs, &root, "a/x").identity);
    let again = fs.open_at(&root, "b", DIRECTORY).expect("a directory");
    assert!(fs.is_same_object(&old, &again));
}

#[test]
fn links_of_the_guest() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("theirs"), "").expect("a file");
    fs::hard_link(dir.path().join("theirs"), dir.path().join("theirs too")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    let theirs = stat(&mut fs, &root, "theirs");
    assert_eq!((theirs.links, theirs), (1, stat(&mut fs, &root, "theirs too")));

    let a = put(&mut fs, &root, "a", "text");
    fs.create_directory_at(&root, "d").expect("a directory");
    fs.link_at(&root, "a", false, &root, "d/b").expect("a link");
    let (one, two) = (stat(&mut fs, &root, "a"), stat(&mut fs, &root, "d/b"));
    assert_eq!((one.links, one), (2, two));
    let b = fs.open_at(&root, "d/b", READ).expect("a file");
    assert!(fs.is_same_object(&a, &b));
    // A rename onto the other name leaves both.
    fs.rename_at(&root, "a", &root, "d/b").expect("a rename");
    assert_eq!(stat(&mut fs, &root, "a"), one);
    fs.unlink_file_at(&root, "a").expect("an unlink");
    let left = stat(&mut fs, &root, "d/b");
    assert_eq!((left.links, left.identity), (1, one.identity));
    // One of its two names is replaced.
    fs.link_at(&root, "d/b", false, &root, "c").expect("a link");
    put(&mut fs, &root, "new", "");
    fs.rename_at(&root, "new", &root, "c").expect("a rename");
    let left = stat(&mut fs, &root, "d/b");
    assert_eq!((left.links, left.identity), (1, one.identity));
    fails(fs.link_at(&root, "d/b", true, &root, "c"), ErrorCode::Invalid);
    fails(fs.link_at(&root, "d/b", false, &root, "c"), ErrorCode::Exist);
    fails(fs.link_at(&root, "d", false, &root, "d2"), ErrorCode::NotPermitted);
}

#[test]
fn open_objects_without_a_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut fs, root) = writable(dir.path());
    for replace in [false, true] {
        let file = put(&mut fs, &root, "f", "text");
        let before = fs.stat(&file).expect("a stat");
        assert_eq!(before.links, 1);
        // It has no name any more.
        let before = Stat { links: 0, ..before };
        if replace {
            put(&mut fs, &root, "g", "other");
            fs.rename_at(&root, "g", &root, "f").expect("a rename");
        } else {
            fs.unlink_file_at(&root, "f").expect("an unlink");
        }
        for number in 0..20 {
            put(&mut fs, &root, &format!("n{number}"), "more");
        }
        assert_eq!(fs.stat(&file).expect("a stat"), before);
        assert_eq!(contents(&mut fs, &file), "text");
        assert_eq!(fs.write(&file, b"!", Position::End).expect("a write"), 1);
        assert_eq!(contents(&mut fs, &file), "text!");
        if replace {
            let new = fs.open_at(&root, "f", READ).expect("a file");
            assert!(!fs.is_same_object(&file, &new));
            assert_ne!(fs.stat(&new).expect("a stat").identity, before.identity);
            assert_eq!(contents(&mut fs, &new), "other");
        }
    }
    fs.create_directory_at(&root, "d").expect("a directory");
    let gone = fs.open_at(&root, "d", DIRECTORY).expect("a directory");
    let before = Stat { links: 0, ..fs.stat(&gone).expect("a stat") };
    fs.remove_directory_at(&root, "d").expect("no directory");
    assert_eq!(fs.stat(&gone).expect("a stat"), before);
    assert!(fs.read_directory(&gone).expect("a listing").is_empty());
    fails(fs.create_directory_at(&gone, "x"), ErrorCode::NoEntry);
}

/// The host's count of names shows nowhere: what is outside of the mount is no name to the guest.
#[test]
fn names_outside_do_not_count() {
    let mut seen = Vec::new();
    for outside in 0..3 {
        let dir = tempfile::tempdir().expect("a directory");
        let mount = dir.path().join("mount");
        fs::create_dir(&mount).expect("a directory");
        for name in ["f", "g", "h", "replaced"] {
            fs::write(mount.join(name), name).expect("a file");
            for number in 0..outside {
                fs::hard_link(mount.join(name), dir.path().join(format!("{name}{number}"))).expect("a link");
            }
        }
        let (mut fs, root) = writable(&mount);
        let mut stats = Vec::new();
        // Met by its name, by the listing, or by nothing but the handle.
        let open = |fs: &mut FileSystem, name| fs.open_at(&root, name, WRITE).expect("a file");
        for name in ["f", "g"] {
            let file = open(&mut fs, name);
            stats.push(fs.stat(&file).expect("a stat"));
            fs.link_at(&root, name, false, &root, "more").expect("a link");
            stats.push(stat(&mut fs, &root, name));
            fs.unlink_file_at(&root, name).expect("an unlink");
            stats.push(stat(&mut fs, &root, "more"));
            fs.read_directory(&root).expect("a listing");
            fs.unlink_file_at(&root, "more").expect("an unlink");
            stats.push(fs.stat(&file).expect("a stat"));
            // Another object, though the host has the first still.
            put(&mut fs, &root, name, "new");
            stats.push(stat(&mut fs, &root, name));
            stats.push(fs.stat(&file).expect("a stat"));
        }
        let replaced = open(&mut fs, "replaced");
        fs.rename_at(&root, "h", &root, "replaced").expect("a rename");
        stats.push(fs.stat(&replaced).expect("a stat"));
        stats.push(stat(&mut fs, &root, "replaced"));
        let links: Vec<u64> = stats.iter().map(|stat| stat.links).collect();
        assert_eq!(links, [1, 2, 1, 0, 1, 0, 1, 2, 1, 0, 1, 0, 0, 1], "{outside} names outside");
        seen.push(stats);
    }
    assert_eq!((&seen[1], &seen[2]), (&seen[0], &seen[0]));
}

/// What came with several names has one again when the guest meets another of them, and is who it was.
#[test]
fn a_name_that_is_met_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("f"), "").expect("a file");
    fs::hard_link(dir.path().join("f"), dir.path().join("g")).expect("a link");
    for listed in [false, true] {
        let (mut fs, root) = writable(dir.path());
        let file = fs.open_at(&root, "f", WRITE).expect("a file");
        let before = fs.stat(&file).expect("a stat");
        fs.unlink_file_at(&root, "f").expect("an unlink");
        assert_eq!(fs.stat(&file).expect("a stat").links, 0);
        if listed {
            assert_eq!(fs.read_directory(&root).expect("a listing")[0].identity, before.identity);
        } else {
            assert_eq!(stat(&mut fs, &root, "g"), fs.stat(&file).expect("a stat"));
        }
        assert_eq!(fs.stat(&file).expect("a stat").links, 1);
        fs.link_at(&root, "g", false, &root, "f").expect("a link");
        assert_eq!((fs.stat(&file).expect("a stat").links, stat(&mut fs, &root, "f").identity), (2, before.identity));
    }
}

#[test]
fn one_object_in_two_mounts() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("d")).expect("a directory");
    let (mut fs, one) = writable(dir.path());
    let two = mount_in(&mut fs, &dir.path().join("d"), Access::ReadOnly);
    let a = put(&mut fs, &one, "d/a", "");
    let b = fs.open_at(&two, "a", READ).expect("a file");
    assert!(fs.is_same_object(&a, &b));
    let d = fs.open_at(&one, "d", READ).expect("a directory");
    assert!(fs.is_same_object(&d, &two));
}

/// Deeper than a path can say, an object is who it is however it is reached, and nobody else.
#[test]
fn deeper_than_a_path() {
    let dir = tempfile::tempdir().expect("a directory");
    let name = "n".repeat(100);
    let below = |count: usize| vec![&*name; count].join("/");
    let seen: Vec<Vec<u128>> = [1, 7, 30]
        .into_iter()
        .map(|stride| {
            let (mut fs, root) = writable(dir.path());
            let mut at = root;
            let mut identities = Vec::new();
            for level in 0..210 / stride {
                if stride == 1 {
                    fs.create_directory_at(&at, &name).expect("a directory");
                    put(&mut fs, &at, "file", "");
                }
                at = fs.open_at(&at, &below(stride), DIRECTORY).expect("a directory");
                // Those in between have not been met.
                if (level + 1) * stride % 210 == 0 {
                    identities.push(fs.stat(&at).expect("a stat").identity);
                }
            }
            identities
        })
        .collect();
    assert_eq!(seen[0], [seen[1][0]]);
    assert_eq!(seen[0], seen[2]);
    let (mut fs, root) = writable(dir.path());
    let mut at = root;
    let mut identities = std::collections::BTreeSet::new();
    for _ in 0..210 {
        for entry in fs.read_directory(&at).expect("a listing").iter() {
            assert_eq!(stat(&mut fs, &at, &entry.name).identity, entry.identity);
            assert!(identities.insert(entry.identity));
        }
        at = fs.open_at(&at, &name, DIRECTORY).expect("a directory");
    }
    assert_eq!(identities.len(), 420);
}
