//! Paths that end in a slash, and names outside of the mount: 0.2 and 0.3 as POSIX.

use deterministic_wasmtime::Deterministic;
use p3_types::HostDescriptorWithStore as _;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, DescriptorType, HostDescriptor as _, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;

use super::{Host, code, fd};

#[test]
fn a_slash_behind_a_name_asks_for_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f"), "").unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    for (link, target) in [("to_f", "f"), ("to_d", "d"), ("to_nowhere", "nowhere")] {
        std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
    }
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let root = host.root();
        for end in ["/", "/.", "//", "/./"] {
            for name in ["d", "to_d"] {
                let path = format!("{name}{end}");
                let mut view = host.view();
                let stat = view.stat_at(fd(root), PathFlags::empty(), path.clone()).unwrap();
                assert!(matches!(stat.type_, DescriptorType::Directory), "{path}");
                let hash = view.metadata_hash_at(fd(root), PathFlags::empty(), path.clone()).unwrap();
                let directory = view.metadata_hash_at(fd(root), PathFlags::empty(), "d".into()).unwrap();
                assert_eq!((hash.lower, hash.upper), (directory.lower, directory.upper), "{path}");
                let keep = || NewTimestamp::NoChange;
                view.set_times_at(fd(root), PathFlags::empty(), path.clone(), keep(), NewTimestamp::Now).unwrap();
                host.open(&path, OpenFlags::empty(), DescriptorFlags::READ).unwrap();
                let kind = host.run3(async |store| {
                    let flags = p3_types::PathFlags::empty();
                    Deterministic::stat_at(store, fd(root), flags, path.clone()).await.unwrap().type_
                });
                assert!(matches!(kind, p3_types::DescriptorType::Directory), "{path}");
            }
            // By 0.2 and by 0.3.
            for (name, expected, third) in [
                ("f", ErrorCode::NotDirectory, "NotDirectory"),
                ("to_f", ErrorCode::NotDirectory, "NotDirectory"),
                ("to_nowhere", ErrorCode::NoEntry, "NoEntry"),
                ("nowhere", ErrorCode::NoEntry, "NoEntry"),
            ] {
                let path = format!("{name}{end}");
                let mut view = host.view();
                assert_eq!(code(view.stat_at(fd(root), PathFlags::empty(), path.clone())), expected, "{path}");
                assert_eq!(code(view.metadata_hash_at(fd(root), PathFlags::empty(), path.clone())), expected);
                let now = || NewTimestamp::Now;
                assert_eq!(code(view.set_times_at(fd(root), PathFlags::empty(), path.clone(), now(), now())), expected);
                assert_eq!(code(host.open(&path, OpenFlags::empty(), DescriptorFlags::READ)), expected, "{path}");
                let error = host.run3(async |store| {
                    let flags = p3_types::PathFlags::empty();
                    Deterministic::stat_at(store, fd(root), flags, path.clone()).await.unwrap_err()
                });
                let error: p3_types::ErrorCode = error.downcast().expect("no trap");
                assert!(format!("{error:?}").ends_with(third), "{path}: {error:?}");
            }
        }
    }
}

#[test]
fn names_outside_do_not_count() {
    for outside in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("f"), "").unwrap();
        if outside {
            std::fs::hard_link(inside.join("f"), dir.path().join("outside")).unwrap();
        }
        // The live one removes it on the host.
        for mut host in [Host::hermetic(&inside), Host::live(&inside)] {
            let (root, file) = (host.root(), host.read_only("f"));
            let mut view = host.view();
            assert_eq!(view.stat(fd(file)).unwrap().link_count, 1);
            view.unlink_file_at(fd(root), "f".into()).unwrap();
            assert_eq!(view.stat(fd(file)).unwrap().link_count, 0, "another name outside: {outside}");
            let third = host.run3(async |store| Deterministic::stat(store, fd(file)).await.unwrap().link_count);
            assert_eq!(third, 0);
        }
    }
}
