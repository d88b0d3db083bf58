//! The numbers that float instructions are tried with: edges first, then random bits from a fixed seed.

/// How many there are of each type.
pub(super) const COUNT: usize = 96;

const F32: &[u32] = &[
    0x0000_0000,
    0x8000_0000, // zeros
    0x0000_0001,
    0x8000_0001,
    0x007f_ffff,
    0x807f_ffff,
    0x0012_3456, // subnormals
    0x0080_0000,
    0x8080_0000,
    0x0080_0001, // the smallest normal ones
    0x7f7f_ffff,
    0xff7f_ffff, // the largest
    0x7f80_0000,
    0xff80_0000, // infinities
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc1_2345,
    0xffff_ffff, // quiet NaNs
    0x7f80_0001,
    0xffa0_1234,
    0x7fbf_ffff, // signalling NaNs
    0x3f80_0000,
    0xbf80_0000,
    0x4000_0000,
    0xc000_0000,
    0x3f80_0001,
    0x3f7f_ffff, // 1, 2 and beside
    0x3f00_0000,
    0xbf00_0000,
    0x3eff_ffff,
    0x3f00_0001,
    0x3fc0_0000,
    0xbfc0_0000,
    0x4020_0000,
    0xc020_0000, // halves
    0x4040_0000,
    0x4120_0000,
    0x3dcc_cccd,
    0x4049_0fdb, // 3, 10, 0.1, pi
    0x4b00_0000,
    0x4aff_ffff,
    0x4b7f_ffff,
    0x4b80_0001, // 2^23 and 2^24
    0x4f00_0000,
    0x4eff_ffff,
    0xcf00_0000,
    0xcf00_0001,
    0x4f80_0000,
    0x4f7f_ffff, // 2^31 and 2^32
    0x5f00_0000,
    0x5eff_ffff,
    0xdf00_0000,
    0xdf00_0001,
    0x5f80_0000,
    0x5f7f_ffff, // 2^63 and 2^64
    0x437f_0000,
    0x42fe_0000,
    0xc300_0000, // 255, 127, -128
    0x2000_0000,
    0x6000_0000, // squares that leave the range
];

const F64: &[u64] = &[
    0x0000_0000_0000_0000,
    0x8000_0000_0000_0000, // zeros
    0x0000_0000_0000_0001,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x800f_ffff_ffff_ffff, // subnormals
    0x0010_0000_0000_0000,
    0x8010_0000_0000_0000, // the smallest normal ones
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff, // the largest
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000, // infinities
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0xffff_ffff_ffff_ffff, // quiet NaNs
    0x7ff0_0000_0000_0001,
    0xfff4_0000_0000_1234,
    0x7ff7_ffff_ffff_ffff, // signalling NaNs
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x4000_0000_0000_0000,
    0x3ff0_0000_0000_0001, // 1, 2 and beside
    0x3fef_ffff_ffff_ffff,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3fdf_ffff_ffff_ffff, // halves
    0x3ff8_0000_0000_0000,
    0xbff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xc004_0000_0000_0000, //
    0x4008_0000_0000_0000,
    0x4024_0000_0000_0000,
    0x3fb9_9999_9999_999a,
    0x4009_21fb_5444_2d18, // 3, 10, 0.1, pi
    0x4330_0000_0000_0000,
    0x432f_ffff_ffff_ffff,
    0x4340_0000_0000_0000,
    0x433f_ffff_ffff_ffff, // 2^52 and 2^53
    0x41e0_0000_0000_0000,
    0x41df_ffff_ffc0_0000,
    0x41df_ffff_ffff_ffff,
    0xc1e0_0000_0000_0000, // 2^31
    0xc1e0_0000_0020_0000,
    0xc1e0_0000_001f_ffff,
    0x41f0_0000_0000_0000,
    0x41ef_ffff_ffe0_0000, // 2^32
    0x41ef_ffff_ffff_ffff,
    0x43e0_0000_0000_0000,
    0x43df_ffff_ffff_ffff,
    0xc3e0_0000_0000_0000, // 2^63
    0xc3e0_0000_0000_0001,
    0x43f0_0000_0000_0000,
    0x43ef_ffff_ffff_ffff, // 2^64
    0x47ef_ffff_e000_0000,
    0x47ef_ffff_f000_0000,
    0x36a0_0000_0000_0000,
    0x3690_0000_0000_0000, // the ends of f32
    0x380f_ffff_f000_0000,
    0x3ff0_0000_1000_0000,
    0x3ff0_0000_3000_0000, // ties when made an f32
    0x1ff0_0000_0000_0000,
    0x5ff0_0000_0000_0000, // squares that leave the range
];

const I64: &[u64] = &[
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0xff_ffff,
    0x100_0000,
    0x100_0001,
    0x1ff_ffff, //
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ff80,
    0x7fff_ffbf,
    0xffff_ff7f, //
    0x1f_ffff_ffff_ffff,
    0x20_0000_0000_0000,
    0x20_0000_0000_0001,
    0x3f_ffff_ffff_ffff, //
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_ffff_ffff, //
    0x7fff_ffff_ffff_fe00,
    0x7fff_ffff_ffff_fdff,
    0xffff_ffff_ffff_fbff,
    0xffff_ffff_ffff_fc00, //
    0x7fff_ff40_0000_0000,
    0x7fff_ffbf_ffff_ffff,
    0x8000_0080_0000_0001,
    0xffff_ff80_0000_0000,
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn filled(edges: impl IntoIterator<Item = u64>, seed: u64) -> Vec<u64> {
    let mut random = Random(seed);
    let values: Vec<u64> = edges.into_iter().chain(std::iter::from_fn(|| Some(random.next()))).take(COUNT).collect();
    assert_eq!(values.len(), COUNT);
    values
}

/// Four tables of 16-byte slots: f32, f64, i32, i64 in the low bytes, then vectors of f32, of f64 and of bytes.
pub(super) fn tables() -> Vec<u8> {
    let f32s = filled(F32.iter().map(|bits| u64::from(*bits)), 1);
    let f64s = filled(F64.iter().copied(), 2);
    let i64s = filled(I64.iter().copied(), 3);
    let mut bytes = Vec::new();
    let mut slot = |low: u64, high: u64| {
        bytes.extend_from_slice(&low.to_le_bytes());
        bytes.extend_from_slice(&high.to_le_bytes());
    };
    f32s.iter().for_each(|bits| slot(bits & 0xffff_ffff, 0));
    f64s.iter().for_each(|bits| slot(*bits, 0));
    i64s.iter().for_each(|bits| slot(*bits, 0));
    // Each lane takes another way through the numbers, so that every number meets many in every lane.
    let at = |values: &[u64], index: usize| values[index % COUNT];
    for i in 0..COUNT {
        let pair = |a: usize, b: usize| (at(&f32s, a) & 0xffff_ffff) | at(&f32s, b) << 32;
        slot(pair(i, 5 * i + 1), pair(7 * i + 2, 11 * i + 3));
    }
    for i in 0..COUNT {
        slot(at(&f64s, i), at(&f64s, 5 * i + 1));
    }
    for i in 0..COUNT {
        slot(at(&i64s, i), at(&i64s, 5 * i + 1));
    }
    bytes
}
