"""The values of the seeded policies, computed from their documentation and from nothing of this crate.

    pip install blake3 && python3 model.py

prints what tests/value_stability.rs expects under seed 1, and

    python3 model.py descriptions > descriptions.txt

writes how the presets describe themselves under seed 42.
"""

import struct
import sys
from blake3 import blake3

M64 = 2**64 - 1


def stream(seed, name):
    """Seed::stream of deterministic-core."""
    context = "deterministic-wasi 2026-11-21 stream of a seed"
    return blake3(struct.pack("<Q", 32) + seed + name.encode(), derive_key_context=context).digest()


def chacha8(key):
    """Bernstein's ChaCha with 8 rounds, counter from 0, nonce 0, as little-endian 64-bit words."""
    rot = lambda v, n: ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF
    counter = 0
    while True:
        start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
        start += [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
        x = start[:]
        for _ in range(4):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                               (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                for i, j, k, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                    x[i] = (x[i] + x[j]) & 0xFFFFFFFF
                    x[k] = rot(x[k] ^ x[i], n)
        words = [(p + q) & 0xFFFFFFFF for p, q in zip(x, start)]
        yield from struct.unpack("<8Q", struct.pack("<16I", *words))
        counter += 1


class Draw:
    def __init__(self, seed, consumer, purpose):
        self.words = chacha8(stream(stream(seed, consumer), purpose))

    def word(self):
        return next(self.words)

    def below(self, n):
        while True:  # Lemire
            product = self.word() * n
            if product & M64 >= 2**64 % n:
                return product >> 64

    def up_to(self, most):
        return self.below(most + 1)


def order(draw, events):
    for last in range(len(events) - 1, 0, -1):
        other = draw.below(last + 1)
        events[last], events[other] = events[other], events[last]


def delaying(draw, events, num, den, most):
    kept = 0
    for i in range(len(events)):
        if draw.below(den) >= num:
            events[kept], events[i] = events[i], events[kept]
            kept += 1
    if kept == 0:
        i = draw.below(len(events))
        events[0], events[i] = events[i], events[0]
        kept = 1
    return events[:kept], draw.up_to(most)


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


class Pct:
    """All events are readable (kind 1), with ids that are their positions."""

    def __init__(self, seed, depth, steps):
        draw = Draw(seed, "scheduler", "pct")
        self.keys = draw.word(), draw.word()
        self.points = [draw.up_to(steps - 1) + 1 for _ in range(depth - 1)]
        self.rank = {}
        self.step = 0

    def priority(self, who):
        if who in self.rank:
            return 0, self.rank[who]
        return 1, mix(mix(who ^ self.keys[0]) ^ ((self.keys[1] + 1) & M64))

    def select(self, events):
        self.step += 1
        for rank, point in enumerate(self.points):
            if point == self.step:
                self.rank[max(events, key=self.priority)] = rank
        return max(events, key=self.priority)


class Jitter:
    def __init__(self, seed, most):
        self.draw, self.most, self.last = Draw(seed, "clock", "jitter"), most, 0

    def show(self, inside):
        self.last = max(self.last, inside + self.draw.up_to(self.most))
        return self.last


class Chaos:
    def __init__(self, seed):
        draw = Draw(seed, "clock", "chaos")
        self.rate = 900_000 + draw.up_to(200_000)
        self.jumps = []
        for power in range(10, 42):
            size = 1 << power
            at = size + draw.up_to(size)
            self.jumps.append((at, draw.up_to(min(size, 10**10))))
        self.jitter = Jitter(seed, 20_000)
        self.time = 1

    def shown(self):
        drifted = -(-self.time * self.rate // 10**6)
        return drifted + sum(by for at, by in self.jumps if at <= drifted)

    def read(self):
        self.time += 1_000
        return self.jitter.show(self.shown())

    def now(self):
        return max(self.jitter.last, self.shown())

    def sleep(self, nanos):
        deadline = self.now() + nanos
        while self.shown() < deadline:
            self.time += 1
        self.jitter.show(self.shown())


def text(positions, delay):
    return "".join(map(str, positions)) + f" +{delay}"


def counted(content):
    return struct.pack("<Q", len(content)) + content


class Policy:
    """A policy as `Description` of deterministic-core encodes it; parameters are numbers, bytes, lists and policies."""

    def __init__(self, name, **parameters):
        self.bytes = counted(name.encode()) + struct.pack("<I", 1)
        for name, parameter in parameters.items():
            self.bytes += counted(name.encode()) + value(parameter)


def value(it):
    match it:
        case int():
            return b"\0" + counted(it.to_bytes(16, "little"))
        case bytes():
            return b"\1" + counted(it)
        case list():
            return b"\3" + counted(b"".join(map(value, it)))
        case Policy():
            return b"\4" + counted(it.bytes)


def pcg64mcg_state(number):
    """`seed_from_u64` of rand_core 0.10: PCG32 makes the key, whose lowest bit is then set."""
    key = b""
    for _ in range(4):
        number = (number * 6364136223846793005 + 11634580027462260723) & M64
        shifted, rotation = (((number >> 18) ^ number) >> 27) & 0xFFFFFFFF, number >> 59
        word = (shifted >> rotation | shifted << (32 - rotation)) & 0xFFFFFFFF
        key += struct.pack("<I", word)
    return int.from_bytes(key, "little") | 1


def descriptions(seed):
    chacha = lambda *names: Policy("ChaCha8", key=key_of(seed, *names), position=0)
    secure, insecure, in_order = chacha("secure"), chacha("insecure"), Policy("InOrder")
    virtual = Policy("VirtualClock", now=1, tick=1_000)
    chaos, jumps = Chaos(seed), {}
    for at, by in sorted(chaos.jumps):
        jumps[at] = max(jumps.values(), default=0) + by
    drift = Policy("Drift", rate=[chaos.rate, 10**6], inner=virtual)
    inner = Policy("Jumps", jumps=[[at, total] for at, total in jumps.items()], inner=drift)
    jitter = Policy("Jitter", draw=chacha("clock", "jitter"), max=20_000, last=0, inner=inner)
    order = Policy("SeededOrder", draw=chacha("scheduler", "order"))
    late = Policy("Delaying", draw=chacha("scheduler", "delay"), withhold=[1, 4], max_delay=10**6, inner=order)
    pcg = Policy("DeterministicWasiCtxRng", state=pcg64mcg_state(42))
    frozen = lambda now: Policy("FrozenClock", now=now)
    for name, epoch, clock, secure, insecure, scheduler in (
        ("frozen", EPOCH, frozen(1), secure, insecure, in_order),
        ("simulation", EPOCH, virtual, secure, insecure, in_order),
        ("chaos", EPOCH, jitter, secure, insecure, late),
        ("strict", EPOCH, virtual, Policy("Refusing"), insecure, in_order),
        ("deterministic_wasi_ctx", 0, frozen(0), pcg, pcg, Policy("AllAtOnce")),
    ):
        bundle = Policy("Policies", epoch=epoch, insecure_seed=int.from_bytes(stream(seed, "insecure-seed")[:16], "little"),
                        clock=clock, secure_random=secure, insecure_random=insecure, scheduler=scheduler)
        print(name, bundle.bytes.hex())


def key_of(seed, *names):
    for name in names:
        seed = stream(seed, name)
    return seed


EPOCH = 1_735_689_600 * 10**9  # 2025-01-01T00:00:00Z

if sys.argv[1:] == ["descriptions"]:
    descriptions(struct.pack("<Q", 42) + bytes(24))
    sys.exit()

SEED = struct.pack("<Q", 1) + bytes(24)

draw = Draw(SEED, "scheduler", "order")
for _ in range(3):
    events = list(range(10))
    order(draw, events)
    print("SeededOrder", text(events, 0))
draw = Draw(SEED, "scheduler", "delay")
for _ in range(3):
    print("Delaying", text(*delaying(draw, list(range(10)), 1, 2, 1_000)))
pct = Pct(SEED, 4, 3)
print("Pct", [pct.select(list(range(10))) for _ in range(3)])
pct = Pct(SEED, 8, 20)
turns = [pct.select([event for event in range(4) if event != turn // 3 % 4]) for turn in range(22)]
print("Pct, one of four missing", "".join(map(str, turns)))
draw = Draw(SEED, "scheduler", "delay")
print("yields", [draw.up_to(3 * 2**62 - 1) for _ in range(6)])
jitter = Jitter(SEED, 1_000)
print("Jitter", [jitter.show(101 + 100 * i) for i in range(6)])
shuffle, late = Draw(SEED, "scheduler", "order"), Draw(SEED, "scheduler", "delay")
for _ in range(3):
    events = list(range(10))
    order(shuffle, events)
    print("chaos events", text(*delaying(late, events, 1, 4, 1_000_000)))
chaos, readings = Chaos(SEED), []
for i in range(5):
    if i == 2:
        chaos.sleep(1_000_000)
    readings.append(chaos.read())
print("chaos clock", readings)
for name in ("secure", "insecure"):
    print(name, struct.pack("<Q", next(chacha8(stream(SEED, name)))).hex())
print("insecure seed", hex(int.from_bytes(stream(SEED, "insecure-seed")[:16], "little")))
