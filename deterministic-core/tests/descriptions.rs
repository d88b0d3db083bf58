//! Descriptions: the encoding is the documented one and loses nothing.

use deterministic_core::{Description, Value};
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a description is made of.
#[derive(Clone, Debug, PartialEq)]
struct Content {
    name: String,
    version: u32,
    parameters: Vec<(String, Part)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Number(u128),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Part>),
    Policy(Content),
}

impl Content {
    fn build(&self) -> Description {
        let start = Description::new(&self.name, self.version);
        self.parameters.iter().fold(start, |description, (name, part)| match part {
            Part::Number(number) => description.number(name, *number),
            Part::Bytes(bytes) => description.bytes(name, bytes),
            Part::Text(text) => description.text(name, text),
            Part::List(parts) => description.list(name, parts.iter().map(Part::value)),
            Part::Policy(inside) => description.policy(name, inside.build()),
        })
    }
}

impl Part {
    fn value(&self) -> Value {
        match self {
            Part::Number(number) => (*number).into(),
            Part::Bytes(bytes) => bytes[..].into(),
            Part::Text(text) => text[..].into(),
            Part::List(parts) => parts.iter().map(Part::value).collect(),
            Part::Policy(inside) => inside.build().into(),
        }
    }
}

/// Reads the encoding as its documentation says; panics where that leaves a question.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        self.0.split_off(..count).unwrap()
    }

    fn counted(&mut self) -> &'a [u8] {
        let count = u64::from_le_bytes(self.bytes(8).try_into().unwrap());
        self.bytes(count as usize)
    }

    fn string(&mut self) -> String {
        String::from_utf8(self.counted().to_vec()).unwrap()
    }

    fn description(mut self) -> Content {
        let name = self.string();
        let version = u32::from_le_bytes(self.bytes(4).try_into().unwrap());
        let mut parameters = Vec::new();
        while !self.0.is_empty() {
            parameters.push((self.string(), self.value()));
        }
        Content { name, version, parameters }
    }

    fn value(&mut self) -> Part {
        let kind = self.bytes(1)[0];
        let mut content = Reader(self.counted());
        match kind {
            0 => Part::Number(u128::from_le_bytes(content.0.try_into().unwrap())),
            1 => Part::Bytes(content.0.to_vec()),
            2 => Part::Text(String::from_utf8(content.0.to_vec()).unwrap()),
            3 => Part::List(std::iter::from_fn(|| (!content.0.is_empty()).then(|| content.value())).collect()),
            4 => Part::Policy(content.description()),
            _ => panic!("kind {kind}"),
        }
    }
}

/// Few letters and small numbers, so that content which differs in one place only is frequent.
fn part() -> impl Strategy<Value = Part> {
    let leaf = prop_oneof![
        prop_oneof![0u128..3, any::<u128>()].prop_map(Part::Number),
        prop::collection::vec(0u8..3, 0..4).prop_map(Part::Bytes),
        "[a\0é]{0,3}".prop_map(Part::Text),
    ];
    leaf.prop_recursive(3, 12, 3, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..3).prop_map(Part::List),
            content_of(part).prop_map(Part::Policy)
        ]
    })
}

fn content_of(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Content> {
    ("[ab]{0,2}", 0u32..3, prop::collection::vec(("[ab]{0,2}", part), 0..3))
        .prop_map(|(name, version, parameters)| Content { name, version, parameters })
}

proptest! {
    /// What can be read back was not lost, so that different content never has the same bytes.
    #[test]
    fn a_description_is_read_back_as_its_documentation_says(content in content_of(part())) {
        let description = content.build();
        prop_assert!(!description.to_string().is_empty());
        prop_assert_eq!(Reader(description.as_bytes()).description(), content);
    }

    #[test]
    fn different_content_has_different_bytes(a in content_of(part()), b in content_of(part())) {
        prop_assert_eq!(a == b, a.build().as_bytes() == b.build().as_bytes());
        prop_assert_eq!(a == b, a.build() == b.build());
    }
}

#[test]
fn what_moves_from_one_place_to_another_changes_the_bytes() {
    let new = Description::new;
    let inside = || new("a", 1).number("b", 2u8);
    let all = [
        new("ab", 1),
        new("ab", 256),
        new("a", 1),
        new("a", 1).text("b", ""),
        new("a", 1).text("", "b"),
        new("a", 1).bytes("", "b"),
        new("a", 1).list("", ["b"]),
        new("a", 1).list("", [Value::from(vec!["b".into()])]),
        new("a", 1).list("", ["b", ""]),
        new("a", 1).list("b", [0u8; 0]),
        new("a", 1).list("b", [Value::from(vec![])]),
        new("a", 1).list("b", [1u8, 2]),
        new("a", 1).list("b", [2u8, 1]),
        new("a", 1).list("b", [vec![1u8.into()], vec![2u8.into()]]),
        new("a", 1).list("b", [vec![1u8.into(), 2u8.into()]]),
        new("a", 1).number("b", 2u8),
        new("a", 1).number("b", 2u128 << 64),
        new("a", 1).number("b", 2u8).number("b", 2u8),
        new("a", 1).number("b", 2u8).number("c", 3u8),
        new("a", 1).number("c", 3u8).number("b", 2u8),
        new("a", 1).policy("b", inside()),
        new("a", 1).bytes("b", inside().as_bytes()),
        new("a", 1).policy("b", inside()).number("b", 2u8),
        new("a", 1).policy("b", inside().number("b", 2u8)),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a.as_bytes() != b.as_bytes()), "{a}");
    }
    // The width of the integer given is no part of the content.
    assert_eq!(new("a", 1).number("b", 2u8), new("a", 1).number("b", 2u128));
}

/// Reference: written by hand from the documentation of `Description`.
#[test]
fn the_encoding_is_the_documented_one() {
    let inside = Description::new("I", 0x0102_0304).number("n", 258u64).bytes("b", [0xab]);
    let whole = Description::new("Out", 1).text("é", "x").list("l", [7u8]).policy("", inside);
    let expected = [
        "0300000000000000 4f7574 01000000",
        "0200000000000000 c3a9 02 0100000000000000 78",
        "0100000000000000 6c 03 1900000000000000 00 1000000000000000 07000000000000000000000000000000",
        "0000000000000000 04 4200000000000000",
        "0100000000000000 49 04030201",
        "0100000000000000 6e 00 1000000000000000 02010000000000000000000000000000",
        "0100000000000000 62 01 0100000000000000 ab",
    ];
    assert_eq!(hex(whole.as_bytes()), expected.concat().replace(' ', ""));
}

#[test]
fn people_are_shown_the_beginning_of_what_is_long() {
    let description = Description::new("Clock", 3)
        .text("name", "a \"b\"")
        .bytes("key", [0xab; 33])
        .bytes("none", [])
        .list("few", [1u8, 2])
        .list("many", 0..20u32)
        .list("pairs", [vec![1u8.into(), 2u8.into()], vec![]])
        .policy("inner", Description::new("InOrder", 1));
    assert_eq!(
        description.to_string(),
        format!(
            "Clock v3 {{ name: \"a \\\"b\\\"\", key: 0x{} and 1 bytes more, none: 0x, few: [1, 2], many: [0, 1, 2, 3, 4, \
             5, 6, 7 and 12 more], pairs: [[1, 2], []], inner: InOrder v1 }}",
            "ab".repeat(32)
        )
    );
    assert_eq!(format!("{:?}", Description::new("InOrder", 1)), "Description(InOrder v1)");
    assert_eq!(format!("{:?}", Value::from(7u8)), "7");
}
