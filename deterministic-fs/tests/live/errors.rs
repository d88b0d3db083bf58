use std::io::{Error as HostError, ErrorKind};

use rustix::io::Errno;

use super::*;

#[test]
fn each_row_of_the_table() {
    use ErrorCode::*;

    for (number, code) in [
        (Errno::ACCESS, Access),
        (Errno::PERM, NotPermitted),
        (Errno::ROFS, NotPermitted),
        (Errno::NOENT, NoEntry),
        (Errno::EXIST, Exist),
        (Errno::NOTDIR, NotDirectory),
        (Errno::ISDIR, IsDirectory),
        (Errno::NOTEMPTY, NotEmpty),
        (Errno::LOOP, Loop),
        (Errno::MLINK, TooManyLinks),
        (Errno::NAMETOOLONG, NameTooLong),
        (Errno::ILSEQ, IllegalByteSequence),
        (Errno::INVAL, Invalid),
        (Errno::SPIPE, Invalid),
        (Errno::BADF, BadDescriptor),
        (Errno::OVERFLOW, Overflow),
        (Errno::FBIG, FileTooLarge),
        (Errno::NOSPC, InsufficientSpace),
        (Errno::DQUOT, InsufficientSpace),
        (Errno::XDEV, CrossDevice),
        (Errno::BUSY, Busy),
        (Errno::TXTBSY, Busy),
        (Errno::AGAIN, Busy),
        (Errno::NOTSUP, Unsupported),
        (Errno::OPNOTSUPP, Unsupported),
        (Errno::NOSYS, Unsupported),
        (Errno::NXIO, Unsupported),
        (Errno::NODEV, Unsupported),
        (Errno::IO, Io),
        (Errno::NOMEM, Io),
        (Errno::MFILE, Io),
        (Errno::NFILE, Io),
        (Errno::STALE, Io),
        (Errno::PIPE, Io),
        (Errno::TIMEDOUT, Io),
    ] {
        assert_eq!(ErrorCode::from_host(&number.into()), code, "{number}");
    }
    // Without a number: cap-std's own, and the standard library's.
    for (kind, code) in [
        (ErrorKind::PermissionDenied, NotPermitted),
        (ErrorKind::InvalidInput, Invalid),
        (ErrorKind::InvalidData, IllegalByteSequence),
        (ErrorKind::NotFound, NoEntry),
        (ErrorKind::Other, Io),
    ] {
        assert_eq!(ErrorCode::from_host(&HostError::from(kind)), code, "{kind}");
    }
    // No number that there is makes it panic.
    for number in -1..5000 {
        ErrorCode::from_host(&HostError::from_raw_os_error(number));
    }
}

/// What a machine has few of is no answer to a guest. In a process of its own, which has few descriptors.
#[test]
fn a_host_that_has_no_more_descriptors_is_the_embedders_business() {
    if std::env::var_os("FEW_DESCRIPTORS").is_none() {
        let name = "errors::a_host_that_has_no_more_descriptors_is_the_embedders_business";
        let child = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 40 && exec \"$0\" --exact \"$1\" --nocapture"])
            .arg(std::env::current_exe().expect("this program"))
            .arg(name)
            .env("FEW_DESCRIPTORS", "")
            .output()
            .expect("a process");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&child.stderr)
        );
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["a/b", "a/c", "d"] {
        std::fs::create_dir_all(dir.path().join(name)).expect("a directory");
    }
    std::fs::write(dir.path().join("a/f"), "text").expect("a file");
    std::os::unix::fs::symlink("a", dir.path().join("link")).expect("a link");
    let (mut fs, root) = writable(dir.path());
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    fn exhausted<T: std::fmt::Debug>(result: Result<T, Error>) {
        match result {
            Err(Error::Exhausted { what, .. }) => assert_eq!(what, "file descriptors"),
            other => panic!("{other:?}"),
        }
    }
    exhausted(fs.open_at(&root, "a/f", READ));
    exhausted(fs.open_at(&root, "new", NEW));
    exhausted(fs.open_at(&root, "a", DIRECTORY));
    exhausted(fs.stat_at(&root, "a/f", false));
    exhausted(fs.stat_at(&root, "a/f", true));
    exhausted(fs.stat_at(&root, "link", true));
    exhausted(fs.read_directory(&root));
    exhausted(fs.readlink_at(&root, "a/b"));
    exhausted(fs.create_directory_at(&root, "a/new"));
    exhausted(fs.symlink_at(&root, "f", "a/new"));
    exhausted(fs.link_at(&root, "a/f", false, &root, "a/g"));
    exhausted(fs.rename_at(&root, "a/b", &root, "a/e"));
    exhausted(fs.rename_at(&root, "d", &root, "a/b"));
    exhausted(fs.unlink_file_at(&root, "a/f"));
    exhausted(fs.remove_directory_at(&root, "a/b"));
    exhausted(fs.set_times_at(&root, "a/f", true, deterministic_fs::NewTime::Now, deterministic_fs::NewTime::Now));
    exhausted(fs.sync(&root, false));
    // As many as one call needs at once: none of the steps in between takes it for an answer.
    for left in 1..8 {
        taken.pop();
        for result in [
            fs.open_at(&root, "a/f", READ).map(drop),
            fs.stat_at(&root, "link/f", true).map(drop),
            fs.read_directory(&root).map(drop),
            fs.rename_at(&root, "a/c", &root, "a/e").map(drop),
            fs.rename_at(&root, "a/e", &root, "a/c").map(drop),
        ] {
            match result {
                Ok(()) | Err(Error::Exhausted { .. }) | Err(Error::Code(ErrorCode::NoEntry)) => {}
                other => panic!("{left}: {other:?}"),
            }
        }
    }
    fs.open_at(&root, "a/f", READ).expect("a file");
}
