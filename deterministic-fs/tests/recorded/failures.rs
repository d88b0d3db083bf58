use std::error::Error as _;

use super::*;

/// A tape with room for the mount and `room` exchanges, and a directory with a file in it.
fn recording(room: usize) -> (tempfile::TempDir, Tape, FileSystem, Handle) {
    let host = tempfile::tempdir().expect("a directory");
    std::fs::write(host.path().join("in"), "text").expect("a file");
    let tape = Tape::with_room(1 + room);
    let (fs, root) = recorded(host.path(), &tape);
    (host, tape, fs, root)
}

#[test]
fn another_question_is_an_error_that_names_both() {
    let (_host, tape, mut fs, root) = recording(10);
    let file = fs.open_at(&root, "in", READ).expect("a file");
    fs.read(&file, &mut [0; 4], 0).expect("a read");
    for other in [5, 3] {
        let (mut fs, root) = replayed(Player::new(tape.exchanges()));
        let file = fs.open_at(&root, "in", READ).expect("a file");
        let error = fs.read(&file, &mut vec![0; other], 0).expect_err("another question");
        let Error::NotReplayed(source) = &error else { panic!("{error:?}") };
        assert!(source.is::<Diverged>(), "the replayer's own error can be had: {source:?}");
        assert!(error.source().is_some());
        let text = error.to_string();
        assert!(text.contains(&format!("asked read #1 {other}@0")) && text.contains("read #1 4@0"), "{text}");
        // It is not asked again, whatever the guest does.
        let again = fs.read(&file, &mut [0; 4], 0).expect_err("it is over");
        assert!(again.to_string().contains("nothing can be after this"), "{again}");
    }
}

#[test]
fn data_that_is_written_otherwise_is_another_question() {
    let (_host, tape, mut fs, root) = recording(10);
    let file = fs.open_at(&root, "in", WRITE).expect("a file");
    fs.write(&file, b"one", Position::End).expect("a write");
    let (mut fs, root) = replayed(Player::new(tape.exchanges()));
    let file = fs.open_at(&root, "in", WRITE).expect("a file");
    assert!(matches!(fs.write(&file, b"two", Position::End), Err(Error::NotReplayed(_))));
}

#[test]
fn the_end_of_a_recording_is_an_error() {
    let (_host, tape, mut fs, root) = recording(10);
    fs.stat(&root).expect("a stat");
    for kept in 0..2 {
        let exchanges = tape.exchanges().into_iter().take(1 + kept);
        let (mut fs, root) = replayed(Player::new(exchanges));
        for _ in 0..kept {
            fs.stat(&root).expect("as recorded");
        }
        assert!(matches!(fs.stat(&root), Err(Error::NotReplayed(_))));
    }
}

#[test]
fn other_mounts_than_the_recorded_are_an_error() {
    let (_host, tape, ..) = recording(10);
    for (guest, access) in [("/other", Access::ReadWrite), ("/", Access::ReadOnly)] {
        for live in [false, true] {
            let mut fs = FileSystem::new(EPOCH, 0);
            fs.replay_live(Player::new(tape.exchanges())).expect("a new file system");
            if live {
                let host = tempfile::tempdir().expect("a directory");
                fs.mount_live(open_dir(host.path()), guest, access);
            } else {
                let error = fs.mount_replayed(guest, access).expect_err("another mount");
                assert!(error.to_string().contains("mount #0 \"/\" rw as mount 0"), "{error}");
            }
            let root = root(&fs);
            assert!(matches!(fs.read_directory(&root), Err(Error::NotReplayed(_))));
        }
    }
}

#[test]
fn a_recorder_that_fails_ends_the_run() {
    for room in 0..3 {
        let (host, tape, mut fs, root) = recording(room);
        let mut done = 0;
        let error = loop {
            match fs.create_directory_at(&root, &format!("{done}")) {
                Ok(()) => done += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(done, room);
        let Error::NotRecorded(source) = &error else { panic!("{error:?}") };
        assert_eq!(source.to_string(), "the tape is full");
        // That one was done, and could not be known before. Nothing is after it, not even if there is room again.
        assert!(host.path().join(format!("{room}")).is_dir());
        drop(tape.exchanges.lock().expect("no panic").pop());
        for _ in 0..2 {
            assert!(matches!(fs.create_directory_at(&root, "after"), Err(Error::NotRecorded(_))));
            assert!(matches!(fs.open_at(&root, "in", WRITE), Err(Error::NotRecorded(_))));
            assert!(matches!(fs.stat(&root), Err(Error::NotRecorded(_))));
        }
        assert!(!host.path().join("after").exists());
        assert_eq!(tape.exchanges().len(), room);
    }
}

/// Of reads and writes, which go another way.
#[test]
fn nothing_is_read_or_written_unrecorded() {
    let (host, tape, mut fs, root) = recording(3);
    let file = fs.open_at(&root, "in", WRITE).expect("a file");
    fs.read(&file, &mut [0; 2], 0).expect("a read");
    fs.write(&file, b"T", Position::At(0)).expect("a write");
    assert!(matches!(fs.read(&file, &mut [0; 2], 0), Err(Error::NotRecorded(_))));
    assert!(matches!(fs.write(&file, b"X", Position::At(0)), Err(Error::NotRecorded(_))));
    assert_eq!(std::fs::read(host.path().join("in")).expect("a file"), b"Text");
    assert_eq!(tape.exchanges().len(), 4);
}

/// The mount cannot say so itself.
#[test]
fn a_mount_that_was_not_recorded_fails_when_it_is_used() {
    let host = tempfile::tempdir().expect("a directory");
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.record_live(Box::new(Tape::with_room(0))).expect("a new file system");
    fs.mount_live(open_dir(host.path()), "/", Access::ReadWrite);
    let root = root(&fs);
    assert!(matches!(fs.read_directory(&root), Err(Error::NotRecorded(_))));
    // And one that was made before.
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.mount_live(open_dir(host.path()), "/", Access::ReadWrite);
    assert!(matches!(fs.record_live(Box::new(Tape::with_room(0))), Err(Error::NotRecorded(_))));
}

#[test]
fn a_recording_begins_before_the_run() {
    let host = tempfile::tempdir().expect("a directory");
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.mount_live(open_dir(host.path()), "/", Access::ReadWrite);
    let root = root(&fs);
    fs.open_at(&root, "in", CREATE).expect("a file");
    assert!(matches!(fs.record_live(Box::new(Tape::new())), Err(Error::NotRecorded(_))));
    assert!(matches!(fs.replay_live(Player::new([])), Err(Error::NotReplayed(_))));
    // What was refused changed nothing.
    fs.open_at(&root, "in", READ).expect("a file");

    let mut fs = FileSystem::new(EPOCH, 0);
    assert!(matches!(fs.mount_replayed("/", Access::ReadWrite), Err(Error::NotReplayed(_))));
    assert_eq!(fs.preopens().len(), 0);
    fs.record_live(Box::new(Tape::new())).expect("a new file system");
    assert!(matches!(fs.record_live(Box::new(Tape::new())), Err(Error::NotRecorded(_))));
    assert!(matches!(fs.replay_live(Player::new([])), Err(Error::NotReplayed(_))));
    assert!(matches!(fs.mount_replayed("/", Access::ReadWrite), Err(Error::NotReplayed(_))));
}

/// Handles of a replay mean nothing elsewhere, nor the other way round; nothing panics.
#[test]
fn a_handle_of_another_file_system_is_a_bad_descriptor() {
    let (_host, tape, mut live, live_root) = recording(100);
    let file = live.open_at(&live_root, "in", WRITE).expect("a file");
    let (mut fs, root) = replayed(Player::new(tape.exchanges()));
    let replayed_file = fs.open_at(&root, "in", WRITE).expect("a file");
    fails(live.read(&replayed_file, &mut [0], 0), ErrorCode::BadDescriptor);
    fails(live.write(&replayed_file, b"x", Position::End), ErrorCode::BadDescriptor);
    fails(live.set_size(&replayed_file, 1), ErrorCode::BadDescriptor);
    fails(live.sync(&replayed_file, false), ErrorCode::BadDescriptor);
    fails(live.open_at(&root, "in", READ), ErrorCode::BadDescriptor);
    fails(live.rename_at(&root, "in", &live_root, "out"), ErrorCode::BadDescriptor);
    assert!(matches!(fs.read(&file, &mut [0], 0), Err(Error::NotReplayed(_))));
}

#[test]
fn a_file_system_can_still_be_shared() {
    fn shared<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    shared::<FileSystem>();
    shared::<Handle>();
}
