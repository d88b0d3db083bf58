use std::fs;

use deterministic_fs::NewTime;

use super::*;

/// Name, bytes that a read of eight gives, whether it takes what is written.
const DEVICES: [(&str, Option<&[u8]>, bool); 5] = [
    ("null", Some(&[]), true),
    ("zero", Some(&[0; 8]), true),
    ("full", Some(&[0; 8]), false),
    ("random", None, true),
    ("urandom", None, true),
];

#[test]
fn devices_that_are_the_same_everywhere_do_as_linux_says() {
    let (mut fs, root) = writable(Path::new("/dev"));
    for (name, gives, takes) in DEVICES {
        for options in [WRITE, CREATE, OpenOptions { truncate: true, ..WRITE }, OpenOptions { follow: false, ..WRITE }]
        {
            let device = fs.open_at(&root, name, options).expect(name);
            let known = stat(&mut fs, &root, name);
            assert_eq!((known.file_type, known.size, known.links), (FileType::CharacterDevice, 0, 1));
            assert_eq!(fs.stat(&device).expect(name), known);
            for offset in [0, 1, 1 << 40, i64::MAX as u64] {
                let mut buf = [7; 8];
                match (fs.read(&device, &mut buf, offset), gives) {
                    (Ok(count), Some(gives)) => assert_eq!(&buf[..count], gives, "{name}"),
                    (Err(Error::RandomDevice), None) => {}
                    (read, _) => panic!("{name}: {read:?}"),
                }
                for bytes in [&b""[..], b"text", &[1; 100_000]] {
                    for position in [Position::At(offset), Position::End] {
                        match (fs.write(&device, bytes, position), takes) {
                            (Ok(count), true) => assert_eq!(count, bytes.len(), "{name}"),
                            (Err(Error::Code(ErrorCode::InsufficientSpace)), false) => {}
                            (written, _) => panic!("{name}: {written:?}"),
                        }
                    }
                }
            }
            fails(fs.read(&device, &mut [0], u64::MAX), ErrorCode::Invalid);
            fails(fs.set_size(&device, 0), ErrorCode::Invalid);
            fails(fs.sync(&device, false), ErrorCode::Invalid);
            fails(fs.sync(&device, true), ErrorCode::Invalid);
            fails(fs.read_directory(&device), ErrorCode::NotDirectory);
            // Writing leaves no time.
            assert_eq!(fs.stat(&device).expect(name), known);
            let again = fs.open_at(&root, &format!("./{name}"), READ).expect(name);
            assert!(fs.is_same_object(&device, &again));
            fails(fs.write(&again, b"x", Position::End), ErrorCode::BadDescriptor);
        }
        let write_only = fs.open_at(&root, name, OpenOptions { read: false, ..WRITE }).expect(name);
        fails(fs.read(&write_only, &mut [0], 0), ErrorCode::BadDescriptor);
        fails(fs.open_at(&root, name, NEW), ErrorCode::Exist);
        fails(fs.open_at(&root, name, DIRECTORY), ErrorCode::NotDirectory);
        fails(fs.open_at(&root, &format!("{name}/"), READ), ErrorCode::NotDirectory);
    }
}

/// Its times are the guest's to set, and the host's stay.
#[test]
fn times_of_a_device_are_remembered_only() {
    let before = fs::metadata("/dev/null").expect("a device").modified().expect("a time");
    let (mut fs, root) = writable(Path::new("/dev"));
    let device = fs.open_at(&root, "null", READ).expect("a device");
    fs.set_times(&device, NewTime::At(3), NewTime::At(4)).expect("times");
    let times = stat(&mut fs, &root, "null").times;
    assert_eq!((times.access, times.modification, times.change), (3, 4, NOW));
    assert_eq!(fs::metadata("/dev/null").expect("a device").modified().expect("a time"), before);
}

#[test]
fn other_devices_stay_closed() {
    let (mut fs, root) = writable(Path::new("/dev"));
    let listed = fs.read_directory(&root).expect("a listing");
    let mut closed = 0;
    for entry in listed.iter().filter(|entry| entry.file_type == FileType::CharacterDevice) {
        if !DEVICES.iter().any(|(name, ..)| *name == &*entry.name) {
            fails(fs.open_at(&root, &entry.name, READ), ErrorCode::Unsupported);
            closed += 1;
        }
    }
    // `/dev/tty` at least.
    assert!(closed > 0);
    // In a read-only mount they can be read.
    let (mut fs, root) = mount(Path::new("/dev"), Access::ReadOnly);
    let null = fs.open_at(&root, "null", READ).expect("a device");
    assert_eq!(fs.read(&null, &mut [0], 0).expect("a read"), 0);
    fails(fs.open_at(&root, "null", WRITE), ErrorCode::NotPermitted);
}

/// What counts are the numbers: a file may be called so, and a device otherwise.
#[test]
fn a_name_makes_no_device() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("null"), "text").expect("a file");
    // Needs to be root, and to be allowed to open it does not matter.
    let node = dir.path().join("other");
    let made = std::process::Command::new("mknod").arg(&node).args(["-m", "0", "c", "1", "5"]).output();
    let made = made.is_ok_and(|output| output.status.success());
    let (mut fs, root) = writable(dir.path());
    let file = fs.open_at(&root, "null", WRITE).expect("a file");
    assert_eq!((file.file_type(), contents(&mut fs, &file).as_str()), (FileType::RegularFile, "text"));
    if made {
        std::os::unix::fs::symlink("other", dir.path().join("link")).expect("a link");
        fs.rename_at(&root, "other", &root, "null").expect("a rename");
        std::os::unix::fs::symlink("null", dir.path().join("to_null")).expect("a link");
        for name in ["null", "to_null", "./to_null"] {
            let zero = fs.open_at(&root, name, WRITE).expect("a device");
            let mut buf = [1; 4];
            assert_eq!((fs.read(&zero, &mut buf, 0).expect("a read"), buf), (4, [0; 4]));
        }
        fails(fs.open_at(&root, "to_null", OpenOptions { follow: false, ..READ }), ErrorCode::Loop);
        fails(fs.open_at(&root, "link", READ), ErrorCode::NoEntry);
        // It lasts without its name, and the host's was never opened.
        let zero = fs.open_at(&root, "null", WRITE).expect("a device");
        fs.unlink_file_at(&root, "null").expect("an unlink");
        assert_eq!(fs.stat(&zero).expect("a stat").links, 0);
        assert_eq!(fs.write(&zero, b"text", Position::End).expect("a write"), 4);
    }
}
