"""Reads a trace by docs/TRACE.md alone, and prints each record as `detwasi trace show --json` does."""

import hashlib
import json
import sys
import zlib

KINDS = {1: "header", 2: "blob", 8: "outcome"}


class Fields:
    def __init__(self, bytes):
        self.bytes, self.at = bytes, 0

    def byte(self):
        self.at += 1
        return self.bytes[self.at - 1]

    def number(self):
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def some(self):
        length = self.number()
        self.at += length
        assert self.at <= len(self.bytes)
        return self.bytes[self.at - length : self.at]


def frames(trace):
    assert trace[:8] == b"\x89DETWASI", "this is no trace"
    assert int.from_bytes(trace[8:10], "little") == 1, "this is another version"
    at = 10
    while at + 8 <= len(trace):
        length, checksum = (int.from_bytes(trace[at + i : at + i + 4], "little") for i in (0, 4))
        records = trace[at + 8 : at + 8 + length]
        if len(records) < length:
            return
        assert 0 < length <= 1 << 20 and zlib.crc32(trace[at : at + 4] + records) == checksum, "this is damaged"
        yield records
        at += 8 + length


def clock(kind, fields):
    """A clock's record, and by how much the timeline went on."""
    if 16 <= kind < 24:
        shown = fields.number()
        stands = fields.number() if kind & 4 else shown
        return {"kind": "read", "clock": kind & 3, "shown": shown, "stands": stands}, stands
    if kind == 24:
        deadline, stands = fields.number(), fields.number()
        return {"kind": "sleep", "deadline": deadline, "stands": stands}, stands
    if kind == 25:
        stands = fields.number()
        return {"kind": "wait", "stands": stands}, stands
    if kind == 26:
        fuel, stands = fields.number(), fields.number()
        return {"kind": "fuel", "fuel": fuel, "stands": stands}, stands
    assert kind == 28, f"there is no record {kind}"
    observes_fuel, now = fields.byte() == 1, fields.number()
    return {"kind": "begin", "observes_fuel": observes_fuel, "now": now}, now


def events(trace):
    names, long_answers, begun, at = [], [], b"", 0
    for records in frames(trace):
        fields = Fields(records)
        while fields.at < len(records):
            kind = fields.byte()
            if kind == 7:
                begun += fields.some()
                continue
            if kind in KINDS:
                whole, begun = begun + fields.some(), b""
                event = {"kind": KINDS[kind], "bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
            elif kind == 3:
                event = {"kind": "source", "name": fields.some().decode()}
                names.append(event["name"])
            elif kind in (4, 5):
                source, question = fields.number(), fields.some()
                if kind == 4:
                    answer, begun = begun + fields.some(), b""
                    if len(answer) >= 64 and len(long_answers) < 65536:
                        long_answers.append(answer)
                else:
                    answer = long_answers[fields.number()]
                event = {"kind": "answer", "source": names[source], "question": question.hex(), "bytes": len(answer)}
                event["sha256"] = hashlib.sha256(answer).hexdigest()
            elif kind == 6:
                source, question, error = fields.number(), fields.some(), fields.some().decode()
                event = {"kind": "failed", "source": names[source], "question": question.hex(), "error": error}
            elif kind == 27:
                asked, _ = clock(fields.byte(), fields)
                event = {"kind": "clock-failed", "of": asked["kind"], "error": fields.some().decode()}
            else:
                event, passed = clock(kind, fields)
                at += passed
            yield {"at": at, **event}


for number, event in enumerate(events(open(sys.argv[1], "rb").read())):
    print(json.dumps({"n": number, **event}, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
