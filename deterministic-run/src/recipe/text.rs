//! Recipes as text.

use std::fmt;
use std::str::FromStr;

use super::{Decision, Recipe};

/// How many decisions a text may have, and how many events one of them.
const MOST: usize = 1 << 20;

/// A text is no recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{decision}` is no decision; a recipe is made of `wait3=1.0+500`, `sleep2=+500`, `yield4=1000`, `read12=21000` and `read12=21000/20000`, \
     with commas between them"
)]
pub struct BadRecipe {
    decision: String,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Wait { number, places, delay } => {
                let places: Vec<_> = places.iter().map(u32::to_string).collect();
                write!(f, "wait{number}={}", places.join("."))?;
                if *delay > 0 { write!(f, "+{delay}") } else { Ok(()) }
            }
            Decision::Sleep { number, late } => write!(f, "sleep{number}=+{late}"),
            Decision::Yield { number, nanos } => write!(f, "yield{number}={nanos}"),
            Decision::Read { number, moves, shows } if moves == shows => write!(f, "read{number}={moves}"),
            Decision::Read { number, moves, shows } => write!(f, "read{number}={moves}/{shows}"),
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, decision) in self.decisions.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            decision.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Recipe {
    type Err = BadRecipe;

    fn from_str(text: &str) -> Result<Self, BadRecipe> {
        let decisions = text.split([',', ' ', '\n']).map(str::trim).filter(|decision| !decision.is_empty());
        let read = |decision: &str| {
            decision_of(decision).ok_or_else(|| BadRecipe { decision: decision.chars().take(100).collect() })
        };
        decisions.take(MOST).map(read).collect()
    }
}

fn decision_of(text: &str) -> Option<Decision> {
    let (about, what) = text.split_once('=')?;
    let digits = about.find(|digit: char| digit.is_ascii_digit())?;
    let (kind, number) = about.split_at(digits);
    let number = counted(number)?;
    Some(match kind {
        "wait" => {
            let (places, delay) =
                what.split_once('+').map_or(Some((what, 0)), |(places, delay)| Some((places, digits_of(delay)?)))?;
            let places: Vec<u32> =
                places.split('.').take(MOST).map(|place| digits_of(place)?.try_into().ok()).collect::<Option<_>>()?;
            Decision::Wait { number, places, delay }
        }
        "sleep" => Decision::Sleep { number, late: digits_of(what.strip_prefix('+')?)? },
        "yield" => Decision::Yield { number, nanos: digits_of(what)? },
        "read" => {
            let (moves, shows) = what.split_once('/').unwrap_or((what, what));
            Decision::Read { number, moves: digits_of(moves)?, shows: digits_of(shows)? }
        }
        _ => return None,
    })
}

fn counted(text: &str) -> Option<u64> {
    digits_of(text).filter(|number| *number > 0)
}

/// Without a sign, which `parse` would take.
fn digits_of(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decision() -> impl Strategy<Value = Decision> {
        prop_oneof![
            (1..u64::MAX, prop::collection::vec(any::<u32>(), 1..4), prop_oneof![Just(0), any::<u64>()])
                .prop_map(|(number, places, delay)| Decision::Wait { number, places, delay }),
            (1..u64::MAX, any::<u64>()).prop_map(|(number, late)| Decision::Sleep { number, late }),
            (1..u64::MAX, any::<u64>()).prop_map(|(number, nanos)| Decision::Yield { number, nanos }),
            (1..u64::MAX, any::<u64>(), any::<u64>()).prop_map(|(number, moves, shows)| Decision::Read {
                number,
                moves,
                shows
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_recipe_is_read_as_it_is_printed(decisions in prop::collection::vec(decision(), 0..10)) {
            let recipe: Recipe = decisions.into_iter().collect();
            prop_assert_eq!(recipe.to_string().parse(), Ok(recipe));
        }

        #[test]
        fn no_text_is_a_panic(text in ".{0,60}") {
            let _ = text.parse::<Recipe>();
        }
    }

    #[test]
    fn what_is_no_decision_is_told() {
        for text in [
            "wait=1",
            "wait0=1",
            "wait1",
            "wait1=",
            "wait1=+3",
            "sleep1=3",
            "read1=-1",
            "nap1=3",
            "yield1=1/2",
            "read1=99999999999999999999",
        ] {
            let error = text.parse::<Recipe>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is no decision")), "{error}");
        }
        assert_eq!("wait2=1,\n wait1=0 ".parse::<Recipe>().unwrap().to_string(), "wait1=0,wait2=1");
        assert_eq!("wait1=1,wait1=0".parse::<Recipe>().unwrap().to_string(), "wait1=0", "the later one");
    }
}
