//! `wasi:config` and `wasi:keyvalue`.

use deterministic_wasmtime::DeterministicView as _;
use deterministic_wasmtime::keyvalue::{Full, KeyValue, MAX_BYTES, MAX_KEYS};

use crate::guests::{Guest, simulation};

const TO: u32 = 1024;

fn lister() -> Guest {
    let mut guest = Guest::new("lister", include_str!("lister.wat"), simulation());
    let view = guest.store.data_mut().deterministic_view();
    for key in ["pear", "apple", "Zebra", "fig", "applepie", "\u{e9}"] {
        view.ctx.config_mut().insert(key.to_owned(), key.to_uppercase());
        view.ctx.keyvalue_mut().insert("", key, "value").unwrap();
    }
    guest
}

const SORTED: [&str; 6] = ["Zebra", "apple", "applepie", "fig", "pear", "\u{e9}"];

#[test]
fn settings_are_listed_by_key() {
    let mut guest = lister();
    guest.call::<_, ()>("get-all", (TO,)).unwrap();
    assert_eq!(guest.byte(TO), 0);
    let (at, len) = (guest.peek(TO + 4), guest.peek(TO + 8));
    let keys: Vec<_> = (0..len).map(|number| guest.text(at + 16 * number)).collect();
    assert_eq!(keys, SORTED);
    assert_eq!(guest.text(at + 8), "ZEBRA");
}

#[test]
fn keys_are_listed_in_order_and_without_a_cursor() {
    let mut guest = lister();
    guest.call::<_, ()>("open", (0u32, 0u32, TO)).unwrap();
    assert_eq!(guest.byte(TO), 0);
    let bucket = guest.peek(TO + 4);
    for (cursor, rest) in [(None, &SORTED[..]), (Some(2), &SORTED[2..]), (Some(u64::MAX), &[])] {
        let (some, cursor) = (u32::from(cursor.is_some()), cursor.unwrap_or(0));
        guest.call::<_, ()>("list-keys", (bucket, some, cursor, TO)).unwrap();
        assert_eq!(guest.byte(TO), 0);
        let (at, len) = (guest.peek(TO + 8), guest.peek(TO + 12));
        let keys: Vec<_> = (0..len).map(|number| guest.text(at + 8 * number)).collect();
        assert_eq!(keys, rest);
        assert_eq!(guest.byte(TO + 16), 0, "there is a cursor");
    }
}

#[test]
fn a_bucket_that_nobody_made_is_not_there() {
    let mut guest = lister();
    guest.put(0, b"more");
    guest.call::<_, ()>("open", (0u32, 4u32, TO)).unwrap();
    assert_eq!((guest.byte(TO), guest.byte(TO + 4)), (1, 0));
    guest.store.data_mut().deterministic_mut().keyvalue_mut().create("more");
    guest.call::<_, ()>("open", (0u32, 4u32, TO)).unwrap();
    assert_eq!(guest.byte(TO), 0);
}

#[test]
fn counting_and_batches_work_on_the_same_data() {
    let mut guest = lister();
    guest.call::<_, ()>("open", (0u32, 0u32, TO)).unwrap();
    let bucket = guest.peek(TO + 4);
    guest.put(0, b"n");
    for (delta, sum) in [(5u64, 5), (2, 7)] {
        guest.call::<_, ()>("increment", (bucket, 0u32, 1u32, delta, TO)).unwrap();
        assert_eq!((guest.byte(TO), guest.peek(TO + 8)), (0, sum));
    }
    // A sum of 2^64, and a value that is not a number, are the interface's `other`, and change nothing.
    guest.call::<_, ()>("increment", (bucket, 0u32, 1u32, u64::MAX, TO)).unwrap();
    assert_eq!((guest.byte(TO), guest.byte(TO + 8)), (1, 2));
    guest.put(0, b"fig");
    guest.call::<_, ()>("increment", (bucket, 0u32, 3u32, 1u64, TO)).unwrap();
    assert_eq!((guest.byte(TO), guest.byte(TO + 8)), (1, 2));
    let data = guest.store.data_mut().deterministic_mut().keyvalue_mut();
    assert_eq!((&data.bucket("").unwrap()["n"][..], &data.bucket("").unwrap()["fig"][..]), (&b"7"[..], &b"value"[..]));
    // The keys "fig", "f" and "fig" again, as a list of places and lengths.
    let list: Vec<u8> = [0u32, 3, 0, 1, 0, 3].iter().flat_map(|word| word.to_le_bytes()).collect();
    guest.put(512, &list);
    guest.call::<_, ()>("get-many", (bucket, 512u32, 3u32, TO)).unwrap();
    let (at, len) = (guest.peek(TO + 4), guest.peek(TO + 8));
    assert_eq!((guest.byte(TO), len), (0, 3));
    let found: Vec<_> = (0..3).map(|number| guest.byte(at + 20 * number)).collect();
    assert_eq!(found, [1, 0, 1]);
    assert_eq!((guest.text(at + 4), guest.text(at + 12)), ("fig".to_owned(), "value".to_owned()));
}

#[test]
fn an_answer_has_a_limit() {
    let mut guest = lister();
    let half = vec![0; MAX_BYTES / 2 + 1];
    guest.store.data_mut().deterministic_mut().keyvalue_mut().insert("", "k", half).unwrap();
    guest.call::<_, ()>("open", (0u32, 0u32, TO)).unwrap();
    let bucket = guest.peek(TO + 4);
    guest.put(0, b"k");
    let list: Vec<u8> = [0u32, 1, 0, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    guest.put(512, &list);
    guest.call::<_, ()>("get-many", (bucket, 512u32, 2u32, TO)).unwrap();
    assert_eq!((guest.byte(TO), guest.byte(TO + 4)), (1, 2));
}

#[test]
fn what_is_too_much_changes_nothing() {
    let mut data = KeyValue::default();
    data.insert("", "key", vec![0; MAX_BYTES - 3]).unwrap();
    assert_eq!(data.insert("", "k", ""), Err(Full::Bytes));
    assert_eq!(data.insert("", "key", vec![0; MAX_BYTES - 2]), Err(Full::Bytes));
    assert_eq!(data.bucket("").unwrap()["key"].len(), MAX_BYTES - 3);
    data.insert("", "key", "short").unwrap();
    data.insert("other", "k", "").unwrap();
    for number in 2..MAX_KEYS {
        data.insert("", number.to_string(), "").unwrap();
    }
    assert_eq!(data.insert("third", "k", ""), Err(Full::Keys));
    assert_eq!(data.bucket("third"), None);
    data.remove("other", "k");
    data.insert("third", "k", "").unwrap();
    assert_eq!(data.buckets().collect::<Vec<_>>(), ["", "other", "third"]);
}
