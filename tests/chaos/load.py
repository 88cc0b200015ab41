"""The load: an open loop of single posts and uploads that remembers every document and every answer.

Requests leave when they are due, whatever became of those before. Whoever is in doubt sends the same again under the
same id, as terminals do; some give up. Some single posts carry an `Idempotency-Key`; of their clients some ask once
more though they have their answer, as one does that crashed behind it.
"""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any, Final

import aiohttp

from tests.chaos.documents import Posted, documents

SINGLES_PER_S: Final = 40
UPLOAD_EVERY_S: Final = 1.3
UPLOAD_LINES: Final = (20, 70)
ANSWER_S_MAX: Final = 8.0
RETRY_PAUSE_S: Final = (0.1, 0.8)
GIVES_UP: Final = 0.15  # of all clients in doubt, at each answer
KEYED: Final = 0.3  # of all single posts
ASKS_AGAIN: Final = 0.6  # of those with a key, once they have their answer
LATE_REPEATS: Final = 10  # after the load, of those with a key that were accepted
ATTEMPTS_MAX: Final = 30

# Answers that say that this attempt has stored nothing.
NOTHING_STORED: Final = frozenset({"not_stored", "overloaded", "store_unavailable"})


class Outcome(StrEnum):
    """What an answer says."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOTHING_STORED = "nothing stored"
    IN_FLIGHT = "in flight"
    UNKNOWN = "unknown"


FINAL: Final = frozenset({Outcome.ACCEPTED, Outcome.REFUSED})
IN_DOUBT: Final = frozenset({Outcome.NOTHING_STORED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One answer, or its absence. `receipt` is the document of a 202, `body` its bytes if it was a single post's."""

    outcome: Outcome
    code: str
    receipt: dict[str, Any] | None = None
    body: bytes = b""
    replayed: bool = False


@dataclass(slots=True)
class Submission:
    """A document, the key it is posted under, if any, and all answers to it."""

    posted: Posted
    answers: list[HttpReply] = field(default_factory=list)
    key: str | None = None

    @property
    def settled(self) -> bool:
        """Whether its client has a final answer."""
        return not FINAL.isdisjoint(self.outcomes())

    def receipts(self) -> Iterator[dict[str, Any]]:
        """The documents of its 202s."""
        return (answer.receipt for answer in self.answers if answer.receipt is not None)

    def outcomes(self) -> set[Outcome]:
        """All that its answers said."""
        return {answer.outcome for answer in self.answers}


class Load:
    """All clients of a run."""

    def __init__(self, seed: int, url: str, api_key: str) -> None:
        self._url, self._seed = url, seed
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._documents = documents(seed)
        self._rng = random.Random(f"load/{seed}")
        self._key_dice = random.Random(f"keys/{seed}")
        self._patient = True
        self.submissions: list[Submission] = []

    async def run(self, for_s: float) -> None:
        """Post for a while, then wait until every client has its answer or has given up."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            self._url, headers=self._headers, timeout=timeout, connector=connector
        ) as session:
            async with asyncio.TaskGroup() as clients:
                await self._send(session, for_s, clients)
            await self._ask_again(session)

    async def _send(self, session: aiohttp.ClientSession, for_s: float, clients: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        upload_due_s = began_s
        number = 0
        while (due_s := began_s + number / SINGLES_PER_S) < began_s + for_s:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            clients.create_task(self._client(session, self._take_one(number)))
            if loop.time() >= upload_due_s:
                upload_due_s += UPLOAD_EVERY_S
                clients.create_task(self._uploader(session, self._take(self._rng.randint(*UPLOAD_LINES))))
            number += 1

    async def _ask_again(self, session: aiohttp.ClientSession) -> None:
        """Send some accepted documents once more under their keys, after the last fault."""
        accepted = (each for each in self.submissions if each.key is not None and any(each.receipts()))
        for submission in islice(accepted, LATE_REPEATS):
            submission.answers.append(await self._post(session, submission))

    def lose_patience(self) -> None:
        """Let every client in doubt give up at its next answer."""
        self._patient = False

    def _take_one(self, number: int) -> Submission:
        (submission,) = self._take(1)
        if self._key_dice.random() < KEYED:
            submission.key = f"chaos-{self._seed}-{number}"
        return submission

    def _take(self, count: int) -> list[Submission]:
        taken = [Submission(posted) for posted in islice(self._documents, count)]
        self.submissions += taken
        return taken

    async def _client(self, session: aiohttp.ClientSession, submission: Submission) -> None:
        wanted = 2 if submission.key is not None and self._rng.random() < ASKS_AGAIN else 1
        for _ in range(ATTEMPTS_MAX):
            answer = await self._post(session, submission)
            submission.answers.append(answer)
            wanted -= answer.outcome in FINAL
            if not wanted or (answer.outcome in IN_DOUBT and self._gives_up()):
                return
            await asyncio.sleep(self._rng.uniform(*RETRY_PAUSE_S))

    async def _post(self, session: aiohttp.ClientSession, submission: Submission) -> HttpReply:
        headers = {} if submission.key is None else {"Idempotency-Key": f'"{submission.key}"'}
        try:
            async with session.post("/transactions", json=submission.posted.document, headers=headers) as answer:
                body = await answer.read()
                replayed = answer.headers.get("Idempotent-Replayed") == "true"
                return replace(_answer(answer.status, json.loads(body)), body=body, replayed=replayed)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return HttpReply(Outcome.UNKNOWN, type(error).__name__)

    async def _uploader(self, session: aiohttp.ClientSession, submissions: Sequence[Submission]) -> None:
        left = list(submissions)
        for _ in range(ATTEMPTS_MAX):
            await self._upload(session, left)
            left = [submission for submission in left if not submission.settled]
            if not left or self._gives_up():
                return
            await asyncio.sleep(self._rng.uniform(*RETRY_PAUSE_S))

    async def _upload(self, session: aiohttp.ClientSession, submissions: Sequence[Submission]) -> None:
        body = "\n".join(json.dumps(each.posted.document) for each in submissions).encode()
        headers = {"Content-Type": "application/x-ndjson"}
        answers: dict[int, HttpReply] = {}
        missing = HttpReply(Outcome.UNKNOWN, "no line in the answer")
        try:
            async with session.post(
                "/transactions/bulk", params={"results": "all"}, data=body, headers=headers
            ) as answer:
                if answer.status != 200:
                    missing = _answer(answer.status, await answer.json(content_type=None))
                async for line in answer.content:
                    answers.update(_line_answers(line))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            missing = HttpReply(Outcome.UNKNOWN, type(error).__name__)
        for number, submission in enumerate(submissions, 1):
            submission.answers.append(answers.get(number, missing))

    def _gives_up(self) -> bool:
        return not self._patient or self._rng.random() < GIVES_UP


def _answer(status: int, document: dict[str, Any]) -> HttpReply:
    if status == 202:
        return HttpReply(Outcome.ACCEPTED, "202", document)
    code = str(document.get("code"))
    if code == "idempotency_key_in_flight":
        return HttpReply(Outcome.IN_FLIGHT, f"{status} {code}")
    if code in NOTHING_STORED:
        return HttpReply(Outcome.NOTHING_STORED, f"{status} {code}")
    return HttpReply(Outcome.REFUSED if 400 <= status < 500 else Outcome.UNKNOWN, f"{status} {code}")


def _line_answers(line: bytes) -> Iterator[tuple[int, HttpReply]]:
    document = json.loads(line)
    if "line" not in document:
        return
    if (problem := document.get("problem")) is not None:
        yield document["line"], _answer(problem["status"], problem)
    else:
        yield document["line"], HttpReply(Outcome.ACCEPTED, "202", document)
