//! Seeds, what is derived from them, and the first thousand bytes of each generator, read in several ways.

use std::fmt::Write as _;
use std::io;

use deterministic_core::{ByteStream, ChaCha8, Rng, Seed};
use deterministic_policies::{ChaCha12, ChaCha20, Counter, DeterministicWasiCtxRng, Pcg64Mcg, Repeating};

use crate::report::Report;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    let seeds = [
        ("0", Seed::from_u64(0)),
        ("1", Seed::from_u64(1)),
        ("large", Seed::from_u64(0x0123_4567_89ab_cdef)),
        ("bytes", Seed::from_bytes(std::array::from_fn(|i| i as u8 * 7))),
        ("derived", Seed::derive(b"secret", b"processors-check")),
        ("text", "0xfedcba9876543210".parse().expect("it is a seed")),
    ];
    for (name, seed) in seeds {
        report.line(format_args!("seed/{name}/bytes"), seed.as_bytes())?;
        report.line(format_args!("seed/{name}/text"), format!("{seed} {seed:?}").as_bytes())?;
        report.line(format_args!("seed/{name}/stream"), &seed.stream("secure"))?;
        report.line(format_args!("seed/{name}/insecure_seed"), seed.insecure_seed().to_string().as_bytes())?;
        for (rng, make) in GENERATORS {
            report.line(format_args!("seed/{name}/{rng}"), said_of(|| make(&seed)).as_bytes())?;
        }
    }
    Ok(())
}

const GENERATORS: [(&str, fn(&Seed) -> Box<dyn Rng>); 7] = [
    ("ChaCha8", |seed| Box::new(ChaCha8::new(seed, "secure"))),
    ("ChaCha12", |seed| Box::new(ChaCha12::new(seed, "secure"))),
    ("ChaCha20", |seed| Box::new(ChaCha20::new(seed, "secure"))),
    ("Pcg64Mcg", |seed| Box::new(Pcg64Mcg::new(seed, "secure"))),
    ("Repeating", |seed| Box::new(Repeating::new(*seed.as_bytes()).expect("it is not empty"))),
    ("Counter", |seed| Box::new(Counter::starting_at(u64::from(seed.as_bytes()[0]) << 56))),
    ("DeterministicWasiCtxRng", |_| Box::new(DeterministicWasiCtxRng::new())),
];

/// Bytes at once, in pieces, as numbers, and what a stream that stopped amid a word saves.
fn said_of(make: impl Fn() -> Box<dyn Rng>) -> String {
    let mut said = String::new();
    let mut whole = [0; 1000];
    let filled = ByteStream::new(make()).fill(&mut whole);
    write!(said, "{filled:?} {whole:?}").expect("a string takes all");
    let mut stream = ByteStream::new(make());
    for len in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let mut piece = vec![0; len];
        let filled = stream.fill(&mut piece);
        write!(said, "{filled:?} {piece:?} {:?} {:?}", stream.next_u64(), stream.save()).expect("a string takes all");
    }
    let mut rng = make();
    write!(said, "{:?} {:?}", rng.draw_u64(), rng.word()).expect("a string takes all");
    said
}
