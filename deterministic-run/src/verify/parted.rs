//! Where two runs part.

use std::ops::Range;

use serde::Serialize;

use super::observed::{Observed, Seen, SeenCall};

/// How many calls before the one that differs are told.
const BEFORE: u64 = 8;

/// How often both runs are made again to find the call that differs: one that is another each time parts elsewhere each time.
const TRIES: usize = 4;

/// The longest value of a difference that is told, in characters.
const MAX_VALUE: usize = 500;

/// That two runs are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Parted {
    /// What came of them. `None` if that is the same.
    pub outcome: Option<Difference>,
    /// The first call that is not the same. `None` if all are.
    pub calls: Option<PartedCalls>,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What.
    pub what: &'static str,
    /// In the undisturbed run.
    pub undisturbed: String,
    /// In the other.
    pub disturbed: String,
}

/// The first call that is not the same in two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PartedCalls {
    /// The calls before it, which are the same in both: the last few.
    pub before: Vec<String>,
    /// Its number, from 1.
    pub number: u64,
    /// The call in the undisturbed run. `None` if that had ended.
    pub undisturbed: Option<String>,
    /// The call in the other.
    pub disturbed: Option<String>,
}

/// Compares a run that is `known` with another, and if they are not the same, makes both again to find the call where they part. A
/// way is called with the numbers of the calls that it is to keep.
///
/// # Errors
///
/// Those of the two.
pub fn parting<E>(
    known: &Observed,
    mut undisturbed: impl FnMut(Range<u64>) -> Result<Seen, E>,
    mut disturbed: impl FnMut(Range<u64>) -> Result<Seen, E>,
) -> Result<Option<Parted>, E> {
    let other = disturbed(0..0)?.observed;
    let outcome = known.differs_from(&other).map(|(what, undisturbed, disturbed)| Difference {
        what,
        undisturbed: shortened(undisturbed),
        disturbed: shortened(disturbed),
    });
    let mut interval = part(known, &other);
    if outcome.is_none() && interval.is_none() {
        return Ok(None);
    }
    let mut calls = None;
    for _ in 0..TRIES {
        let Some(within) = interval else { break };
        // What comes before the interval, too, if its first call is the one.
        let window = within.start.saturating_sub(BEFORE)..within.end;
        let (one, other) = (undisturbed(window.clone())?, disturbed(window)?);
        calls = first(&one.window, &other.window);
        if calls.is_some() {
            break;
        }
        interval = part(&one.observed, &other.observed);
    }
    Ok(Some(Parted { outcome, calls }))
}

/// The numbers of the calls among which is the first that is not the same.
fn part(one: &Observed, other: &Observed) -> Option<Range<u64>> {
    let (one, other) = (&one.calls, &other.calls);
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let ends = [one.get(same), other.get(same)];
    let end = ends.into_iter().flatten().map(|(calls, _)| *calls).max()?;
    let start = if same == 0 { 0 } else { one[same - 1].0 };
    Some(start + 1..end + 1)
}

/// The first call that asked or got something else; if there is none, the first at another time.
fn first(one: &[SeenCall], other: &[SeenCall]) -> Option<PartedCalls> {
    let of = |same: fn(&(&SeenCall, &SeenCall)) -> bool| one.iter().zip(other).take_while(same).count();
    let timeless = of(|(one, other)| one.timeless == other.timeless);
    let same = match one.len().max(other.len()) == timeless {
        true => of(|(one, other)| one.digest == other.digest),
        false => timeless,
    };
    let (undisturbed, disturbed) = (one.get(same), other.get(same));
    let number = undisturbed.or(disturbed)?.number;
    let before = one[..same].iter().rev().take(BEFORE as usize).rev();
    Some(PartedCalls {
        before: before.map(|call| call.text.clone()).collect(),
        number,
        undisturbed: undisturbed.map(|call| call.text.clone()),
        disturbed: disturbed.map(|call| call.text.clone()),
    })
}

fn shortened(value: String) -> String {
    match value.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value,
    }
}
