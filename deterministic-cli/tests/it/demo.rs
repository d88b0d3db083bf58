//! The demo.

use crate::Place;

#[test]
fn ours_are_equal_and_stocks_are_not() {
    let ran = Place::new().detwasi(&["demo"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let text = String::from_utf8(ran.stdout).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for name in ["wall", "ticks", "dice", "list", "slept", "total", "stdout", "memory"] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(line.ends_with("=="), "{line}");
    }
    let wall = text.lines().find(|line| line.starts_with("wall")).expect("a line");
    assert!(wall.contains("!=") && wall.contains("1735689600.000 s"), "{wall}");
    let slept = text.lines().find(|line| line.starts_with("slept")).expect("a line");
    assert!(slept.contains("slept 3600.0000") && slept.contains("slept 0.1"), "{slept}");
    assert!(text.contains("\nstock WASI: the two runs differ in wall"), "{text}");
    assert!(text.contains("\ndetwasi: the two runs are equal, to the last byte of memory.\n"), "{text}");
    for run in ["run 1: ", "run 2: "] {
        let line = text.lines().find(|line| line.starts_with(run)).expect("a line");
        assert!(line.contains("ended 2 4 3 1, at 10800.000001 and 10800.000002 s"), "{line}");
    }
    assert!(text.ends_with("\ndetwasi: the two runs are equal.\n"), "{text}");
}
