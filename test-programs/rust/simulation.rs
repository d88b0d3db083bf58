//! A small discrete-event simulation, customers who queue for two servers, seeded by the host's randomness: customers are
//! neither lost nor served twice, and its time never goes back. Prints what happened.

use std::cmp::Reverse;
use std::collections::hash_map::RandomState;
use std::collections::{BinaryHeap, VecDeque};
use std::hash::{BuildHasher, Hasher};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives(u32),
    Leaves(u32),
}

/// Between 1 and 100, by a linear congruential generator.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) % 100 + 1
}

fn main() {
    const CUSTOMERS: u32 = 200;
    let mut state = RandomState::new().build_hasher().finish();
    let mut agenda = BinaryHeap::from([Reverse((draw(&mut state), Event::Arrives(0)))]);
    let mut queue = VecDeque::new();
    let (mut now, mut busy, mut longest, mut waited) = (0, 0, 0, 0);
    let mut served = vec![false; CUSTOMERS as usize];

    while let Some(Reverse((time, event))) = agenda.pop() {
        assert!(time >= now, "the simulation went back from {} to {}", now, time);
        now = time;
        match event {
            Event::Arrives(customer) => {
                queue.push_back((customer, now));
                if customer + 1 < CUSTOMERS {
                    agenda.push(Reverse((now + draw(&mut state), Event::Arrives(customer + 1))));
                }
            }
            Event::Leaves(customer) => {
                busy -= 1;
                assert!(!std::mem::replace(&mut served[customer as usize], true), "{} left twice", customer);
                if customer % 20 == 0 {
                    println!("at {} customer {} leaves, {} queue", now, customer, queue.len());
                }
            }
        }
        longest = longest.max(queue.len());
        while busy < 2 && !queue.is_empty() {
            let (customer, since) = queue.pop_front().unwrap();
            busy += 1;
            waited += now - since;
            agenda.push(Reverse((now + 2 * draw(&mut state), Event::Leaves(customer))));
        }
    }
    assert!(served.iter().all(|&done| done), "customers were lost");
    println!("{} served by {}, longest queue {}, waited {} in all", CUSTOMERS, now, longest, waited);
}
