// What the benches have QuickJS run. The first line depends on clock and randomness, the last one on nothing.
"use strict";

const started = Date.now();
const drawn = Array.from({ length: 4 }, () => Math.random().toFixed(6));
print(`started at ${new Date(started).toISOString()}, drew ${drawn.join(" ")}`);

let digest = 0xcbf29ce484222325n;
function note(title, value) {
    const text = `${title}: ${value}`;
    for (let i = 0; i < text.length; i++) {
        digest = BigInt.asUintN(64, (digest ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
    }
    print(text);
}

let state = 1;
const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296);

// Objects, maps and sorting: how often each word occurs.
const syllables = ["ka", "lo", "mi", "ne", "ru", "sa", "to", "vi"];
const words = Array.from({ length: 6000 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => syllables[Math.floor(random() * 8)]).join(""));
const counts = new Map();
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
const common = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 5);
note("words", common.map(([word, count]) => `${word} ${count}`).join(", "));

// Strings and regular expressions.
const text = words.join(" ");
note("matches", text.match(/\b(\w\w)\1\b/g).length);
note("replaced", text.replace(/ru(\w+)/g, (_, rest) => rest.toUpperCase()).length);

// JSON there and back.
const records = words.slice(0, 1500).map((word, id) => ({ id, word, tags: [word.length, word[0]], odd: id % 2 === 1 }));
const back = JSON.parse(JSON.stringify(records));
note("records", back.filter((r) => r.odd && r.tags[0] > 2).length);

// Floating point: energy of three bodies.
let bodies = [[0, 0, 0, 0, 40], [5, 0, 0, 2.5, 0.04], [0, -9, 2, 0, 0.01]].map(([x, y, vx, vy, m]) => ({ x, y, vx, vy, m }));
for (let step = 0; step < 3000; step++) {
    for (const a of bodies) {
        for (const b of bodies) {
            if (a === b) continue;
            const [dx, dy] = [b.x - a.x, b.y - a.y];
            const pull = (0.001 * b.m) / (dx * dx + dy * dy) ** 1.5;
            a.vx += dx * pull;
            a.vy += dy * pull;
        }
    }
    for (const b of bodies) {
        b.x += b.vx * 0.001;
        b.y += b.vy * 0.001;
    }
}
note("energy", bodies.reduce((sum, b) => sum + 0.5 * b.m * (b.vx ** 2 + b.vy ** 2), 0).toFixed(9));

// Typed arrays: primes.
const sieve = new Uint8Array(60000).fill(1, 2);
for (let i = 2; i * i < sieve.length; i++) if (sieve[i]) for (let j = i * i; j < sieve.length; j += i) sieve[j] = 0;
note("primes", sieve.reduce((sum, prime) => sum + prime, 0));

// Generators, closures, large integers, and a clock that is read again and again.
function* fibonacci() {
    for (let [a, b] = [0n, 1n]; ; [a, b] = [b, a + b]) yield a;
}
let large = 0n;
let nth = 0;
for (const value of fibonacci()) {
    large = value;
    if (nth++ === 600) break;
}
note("fibonacci", large);
let last = started;
for (let i = 0; i < 200; i++) {
    const now = Date.now();
    if (now < last) throw new Error("the clock went back");
    last = now;
}

// Promises: the last line comes from a job.
(async () => {
    let sum = 0;
    for (let i = 0; i < 500; i++) sum += await Promise.resolve(i);
    note("awaited", sum);
    print(`digest ${digest.toString(16).padStart(16, "0")}`);
})();
