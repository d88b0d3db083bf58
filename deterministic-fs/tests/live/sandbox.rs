use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use deterministic_fs::NewTime;

use super::*;

fn run(program: &str, arguments: &[&OsStr]) -> bool {
    std::process::Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[test]
fn specials_do_not_block() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(run("mkfifo", &[dir.path().join("fifo").as_os_str()]));
    let _socket = UnixListener::bind(dir.path().join("socket")).expect("a socket");
    symlink("fifo", dir.path().join("link")).expect("a link");
    let mut names = vec![("fifo", FileType::Unknown), ("socket", FileType::Unknown)];
    // Needs to be root. The numbers are those of memory.
    let memory = dir.path().join("null");
    if run("mknod", &[memory.as_os_str(), OsStr::new("c"), OsStr::new("1"), OsStr::new("1")]) {
        names.push(("null", FileType::CharacterDevice));
    }
    let (mut fs, root) = writable(dir.path());
    for (name, file_type) in names.iter().chain(&[("link", FileType::Unknown)]) {
        for options in [READ, WRITE, CREATE, OpenOptions { truncate: true, ..WRITE }] {
            fails(fs.open_at(&root, name, options), ErrorCode::Unsupported);
        }
        fails(fs.open_at(&root, name, NEW), ErrorCode::Exist);
        fails(fs.open_at(&root, name, DIRECTORY), ErrorCode::NotDirectory);
        let found = fs.stat_at(&root, name, true).expect("a stat");
        assert_eq!((found.file_type, found.size), (*file_type, 0));
        fs.set_times_at(&root, name, true, NewTime::At(5), NewTime::Now).expect("times");
        assert_eq!(fs.stat_at(&root, name, true).expect("a stat").times.access, 5);
    }
    let listed = fs.read_directory(&root).expect("a listing");
    for (name, file_type) in &names {
        let entry = listed.iter().find(|entry| *entry.name == **name).expect("an entry");
        assert_eq!(entry.file_type, *file_type);
        fs.rename_at(&root, name, &root, "other").expect("a rename");
        fs.unlink_file_at(&root, "other").expect("an unlink");
    }
}

#[test]
fn nothing_outside_is_reached() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("secret"), "").expect("a file");
    let inside = dir.path().join("mount");
    fs::create_dir_all(inside.join("d")).expect("a directory");
    symlink("../secret", inside.join("out")).expect("a link");
    symlink("..", inside.join("up")).expect("a link");
    symlink("../../secret", inside.join("d/out")).expect("a link");
    symlink("/", inside.join("absolute")).expect("a link");
    symlink("loop", inside.join("loop")).expect("a link");
    symlink("../d", inside.join("d/around")).expect("a link");

    let (mut fs, root) = writable(&inside);
    let below = fs.open_at(&root, "d", DIRECTORY).expect("a directory");
    fs.stat_at(&root, "d/around", true).expect("a directory");
    for (from, path) in [
        (&root, "out"),
        (&root, "up/secret"),
        (&root, "../secret"),
        (&root, "d/../../secret"),
        (&root, "d/out"),
        (&root, "absolute/etc"),
        (&root, "/etc/passwd"),
        (&below, "../d"),
        (&below, "around"),
    ] {
        let refused = ErrorCode::NotPermitted;
        for options in [READ, WRITE, CREATE, OpenOptions { truncate: true, ..WRITE }] {
            fails(fs.open_at(from, path, options), refused);
        }
        fails(fs.stat_at(from, path, true), refused);
        fails(fs.set_times_at(from, path, true, NewTime::Now, NewTime::Now), refused);
        let through = format!("{path}/x");
        fails(fs.create_directory_at(from, &through), refused);
        fails(fs.symlink_at(from, "x", &through), refused);
        fails(fs.unlink_file_at(from, &through), refused);
        fails(fs.remove_directory_at(from, &through), refused);
        fails(fs.rename_at(from, &through, &root, "y"), refused);
        fails(fs.rename_at(&root, "d", from, &through), refused);
        fails(fs.link_at(from, &through, false, &root, "y"), refused);
        fails(fs.readlink_at(from, &through), refused);
    }
    for path in ["..", "../mount", "d/../.."] {
        fails(fs.open_at(&root, path, READ), ErrorCode::NotPermitted);
        fails(fs.stat_at(&root, path, false), ErrorCode::NotPermitted);
    }
    fails(fs.symlink_at(&root, "/etc", "new"), ErrorCode::NotPermitted);
    fails(fs.readlink_at(&root, "absolute"), ErrorCode::NotPermitted);
    assert_eq!(fs.readlink_at(&root, "out").expect("a link"), "../secret");
    fails(fs.open_at(&root, "loop", READ), ErrorCode::Loop);
    fails(fs.open_at(&root, "out", OpenOptions { follow: false, ..READ }), ErrorCode::Loop);
    let mut out = String::new();
    fs.unlink_file_at(&root, "absolute").expect("an unlink");
    walk(&mut fs, &root, "", &mut out);
    assert!(!out.contains("/secret Stat"), "{out}");
}

#[test]
fn read_only() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("f"), "text").expect("a file");
    fs::create_dir(dir.path().join("d")).expect("a directory");
    let (mut fs, root) = mount(dir.path(), Access::ReadOnly);
    let other = mount_in(&mut fs, dir.path(), Access::ReadWrite);
    let refused = ErrorCode::NotPermitted;
    for options in [WRITE, CREATE, NEW, OpenOptions { truncate: true, ..READ }] {
        fails(fs.open_at(&root, "f", options), refused);
    }
    let (file, below) =
        (fs.open_at(&root, "f", READ).expect("a file"), fs.open_at(&root, "d", READ).expect("a directory"));
    for dir in [&root, &below] {
        fails(fs.create_directory_at(dir, "x"), refused);
        fails(fs.symlink_at(dir, "f", "x"), refused);
        fails(fs.link_at(dir, "f", false, &other, "x"), refused);
        fails(fs.link_at(&other, "f", false, dir, "x"), refused);
        fails(fs.rename_at(dir, "f", &other, "x"), refused);
        fails(fs.rename_at(&other, "f", dir, "x"), refused);
        fails(fs.unlink_file_at(dir, "f"), refused);
        fails(fs.remove_directory_at(dir, "d"), refused);
        fails(fs.set_times_at(dir, ".", true, NewTime::Now, NewTime::Now), refused);
        fails(fs.set_times(dir, NewTime::Now, NewTime::Now), refused);
    }
    fails(fs.set_size(&file, 0), refused);
    fails(fs.set_times(&file, NewTime::Now, NewTime::Now), refused);
    fails(fs.write(&file, b"x", Position::End), ErrorCode::BadDescriptor);
    assert_eq!(contents(&mut fs, &file), "text");
    fs.sync(&file, true).expect("a sync");
    fs.sync(&below, false).expect("a sync");
    fs.sync(&root, true).expect("a sync");
}

#[test]
fn names_that_are_not_text() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("a"), "").expect("a file");
    let name = OsStr::from_bytes(b"\xff");
    fs::write(dir.path().join(name), "").expect("a file");
    symlink(name, dir.path().join("link")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    fails(fs.read_directory(&root), ErrorCode::IllegalByteSequence);
    fails(fs.readlink_at(&root, "link"), ErrorCode::IllegalByteSequence);
    fs.open_at(&root, "link", READ).expect("a file");
    for path in ["a\0b", "\0"] {
        fails(fs.open_at(&root, path, CREATE), ErrorCode::Invalid);
        fails(fs.stat_at(&root, path, true), ErrorCode::Invalid);
        fails(fs.symlink_at(&root, path, "new"), ErrorCode::Invalid);
        fails(fs.rename_at(&root, "a", &root, path), ErrorCode::Invalid);
    }
}

#[test]
fn codes() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("f"), "text").expect("a file");
    fs::create_dir_all(dir.path().join("d/e")).expect("a directory");
    symlink("d", dir.path().join("l")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    for path in ["", "x", "x/y"] {
        fails(fs.open_at(&root, path, READ), ErrorCode::NoEntry);
        fails(fs.stat_at(&root, path, true), ErrorCode::NoEntry);
        fails(fs.stat_at(&root, path, false), ErrorCode::NoEntry);
        fails(fs.unlink_file_at(&root, path), ErrorCode::NoEntry);
        fails(fs.remove_directory_at(&root, path), ErrorCode::NoEntry);
        fails(fs.rename_at(&root, path, &root, "y"), ErrorCode::NoEntry);
        fails(fs.readlink_at(&root, path), ErrorCode::NoEntry);
    }
    for path in ["d", "d/", ".", "d/."] {
        fails(fs.open_at(&root, path, WRITE), ErrorCode::IsDirectory);
        fails(fs.open_at(&root, path, CREATE), ErrorCode::IsDirectory);
        fails(fs.unlink_file_at(&root, path), ErrorCode::IsDirectory);
    }
    fails(fs.open_at(&root, "f/", CREATE), ErrorCode::IsDirectory);
    fails(fs.open_at(&root, "new/", CREATE), ErrorCode::IsDirectory);
    fails(fs.open_at(&root, "f/", READ), ErrorCode::NotDirectory);
    fails(fs.open_at(&root, "f", DIRECTORY), ErrorCode::NotDirectory);
    fails(fs.stat_at(&root, "f/", true), ErrorCode::NotDirectory);
    fails(fs.remove_directory_at(&root, "f"), ErrorCode::NotDirectory);
    fails(fs.remove_directory_at(&root, "l"), ErrorCode::NotDirectory);
    fails(fs.remove_directory_at(&root, "d"), ErrorCode::NotEmpty);
    fails(fs.remove_directory_at(&root, "."), ErrorCode::Invalid);
    fails(fs.create_directory_at(&root, "f"), ErrorCode::Exist);
    fails(fs.symlink_at(&root, "x", "f"), ErrorCode::Exist);
    fails(fs.symlink_at(&root, "", "x"), ErrorCode::NoEntry);
    fails(fs.readlink_at(&root, "f"), ErrorCode::Invalid);
    fails(fs.rename_at(&root, "f", &root, "d"), ErrorCode::IsDirectory);
    fails(fs.rename_at(&root, "d", &root, "f"), ErrorCode::NotDirectory);
    fails(fs.rename_at(&root, "d", &root, "d/e/x"), ErrorCode::Invalid);
    fails(fs.rename_at(&root, "f", &root, "g/"), ErrorCode::NotDirectory);
    fails(fs.rename_at(&root, "f/", &root, "g"), ErrorCode::NotDirectory);
    fs.create_directory_at(&root, "n").expect("a directory");
    fails(fs.rename_at(&root, "n", &root, "d"), ErrorCode::NotEmpty);
    fs.rename_at(&root, "n/", &root, "o/").expect("a rename");
    fs.rename_at(&root, "o", &root, "d/e").expect("a rename in place of an empty one");
    let long = "x".repeat(256);
    fails(fs.open_at(&root, &long, CREATE), ErrorCode::NameTooLong);
    fails(fs.stat_at(&root, &"d/".repeat(2100), true), ErrorCode::NameTooLong);

    let file = fs.open_at(&root, "f", WRITE).expect("a file");
    let mut buf = [0; 8];
    fails(fs.read(&file, &mut buf, u64::MAX), ErrorCode::Invalid);
    fails(fs.read(&file, &mut buf, i64::MAX as u64), ErrorCode::Invalid);
    assert_eq!(fs.read(&file, &mut buf, i64::MAX as u64 - 8).expect("a read"), 0);
    fails(fs.write(&file, b"x", Position::At(u64::MAX)), ErrorCode::Invalid);
    fails(fs.write(&file, b"x", Position::At(i64::MAX as u64)), ErrorCode::Invalid);
    fails(fs.write(&file, b"x", Position::At(i64::MAX as u64 - 1)), ErrorCode::FileTooLarge);
    fails(fs.set_size(&file, u64::MAX), ErrorCode::Invalid);
    let reader = fs.open_at(&root, "f", READ).expect("a file");
    fails(fs.set_size(&reader, 0), ErrorCode::Invalid);
    fails(fs.read_directory(&reader), ErrorCode::NotDirectory);
    // Full requests, up to the end.
    let big = vec![7; 300_000];
    assert_eq!(fs.write(&file, &big, Position::At(0)).expect("a write"), big.len());
    let mut back = vec![0; 400_000];
    assert_eq!(fs.read(&reader, &mut back, 0).expect("a read"), big.len());
    assert_eq!(back[..big.len()], big);
}

/// Opening alone can be noticed: by who waits at the other end of a fifo, by a tape.
#[cfg(target_os = "linux")]
#[test]
fn specials_are_not_even_opened() {
    use rustix::fs::inotify;

    let dir = tempfile::tempdir().expect("a directory");
    assert!(run("mkfifo", &[dir.path().join("fifo").as_os_str()]));
    symlink("fifo", dir.path().join("link")).expect("a link");
    let notes = inotify::init(inotify::CreateFlags::NONBLOCK).expect("notes");
    inotify::add_watch(&notes, dir.path().join("fifo"), inotify::WatchFlags::OPEN).expect("a watch");
    let mut buf = [std::mem::MaybeUninit::uninit(); 512];
    let mut opened = || inotify::Reader::new(&notes, &mut buf).next().is_ok();
    let (mut fs, root) = writable(dir.path());
    for name in ["fifo", "link", "./fifo", "fifo/", "fifo/."] {
        for options in [
            READ,
            WRITE,
            CREATE,
            NEW,
            DIRECTORY,
            OpenOptions { truncate: true, ..WRITE },
            OpenOptions { follow: false, ..READ },
        ] {
            fs.open_at(&root, name, options).expect_err("nothing to open");
            assert!(!opened(), "{name} {options:?}");
        }
    }
    fs::File::options().read(true).write(true).open(dir.path().join("fifo")).expect("the fifo");
    assert!(opened());
}

/// Of those in `/proc` the host does not say it.
#[cfg(target_os = "linux")]
#[test]
fn the_size_of_a_link_is_that_of_its_target() {
    let (mut fs, root) = mount(Path::new("/proc"), Access::ReadOnly);
    let target = fs.readlink_at(&root, "self").expect("a target");
    assert_ne!(fs::symlink_metadata("/proc/self").expect("metadata").len(), target.len() as u64);
    assert_eq!(stat(&mut fs, &root, "self").size, target.len() as u64);
    let cwd = std::env::current_dir().expect("a directory");
    assert_eq!(stat(&mut fs, &root, "self/cwd").size, cwd.as_os_str().len() as u64);
    let dir = tempfile::tempdir().expect("a directory");
    symlink("/absolute", dir.path().join("link")).expect("a link");
    symlink(OsStr::from_bytes(b"\xff\xff"), dir.path().join("bytes")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    assert_eq!((stat(&mut fs, &root, "link").size, stat(&mut fs, &root, "bytes").size), (9, 2));
}
