"""The load: an open loop of single posts and uploads that remembers every document and every answer.

Requests leave when they are due, whatever became of those before. Whoever is in doubt sends the same again under the
same id, as terminals do; some give up.
"""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
ATTEMPTS_MAX: Final = 30

# Answers that say that this attempt has stored nothing.
NOTHING_STORED: Final = frozenset({"not_stored", "overloaded", "store_unavailable"})


class Outcome(StrEnum):
    """What an answer says."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOTHING_STORED = "nothing stored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or its absence. `receipt` is the document of a 202."""

    outcome: Outcome
    code: str
    receipt: dict[str, Any] | None = None


@dataclass(slots=True)
class Submission:
    """A document and all answers to it."""

    posted: Posted
    answers: list[Answer] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether its client has a final answer."""
        return bool(self.answers) and self.answers[-1].outcome in {Outcome.ACCEPTED, Outcome.REFUSED}

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
        self._dice = random.Random(f"load/{seed}")
        self._patient = True
        self.submissions: list[Submission] = []

    async def run(self, for_s: float) -> None:
        """Post for a while, then wait until every client has its answer or has given up."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(self._url, headers=self._headers, timeout=timeout, connector=connector) as session,
            asyncio.TaskGroup() as clients,
        ):
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            upload_due_s = began_s
            number = 0
            while (due_s := began_s + number / SINGLES_PER_S) < began_s + for_s:
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                clients.create_task(self._client(session, self._take(1)[0]))
                if loop.time() >= upload_due_s:
                    upload_due_s += UPLOAD_EVERY_S
                    clients.create_task(self._uploader(session, self._take(self._dice.randint(*UPLOAD_LINES))))
                number += 1

    def lose_patience(self) -> None:
        """Let every client in doubt give up at its next answer."""
        self._patient = False

    def _take(self, count: int) -> list[Submission]:
        taken = [Submission(posted) for posted in islice(self._documents, count)]
        self.submissions += taken
        return taken

    async def _client(self, session: aiohttp.ClientSession, submission: Submission) -> None:
        for _ in range(ATTEMPTS_MAX):
            submission.answers.append(await self._post(session, submission.posted))
            if submission.settled or self._gives_up():
                return
            await asyncio.sleep(self._dice.uniform(*RETRY_PAUSE_S))

    async def _post(self, session: aiohttp.ClientSession, posted: Posted) -> Answer:
        try:
            async with session.post("/transactions", json=posted.document) as answer:
                document = await answer.json(content_type=None)
                return _answer(answer.status, document)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, type(error).__name__)

    async def _uploader(self, session: aiohttp.ClientSession, submissions: Sequence[Submission]) -> None:
        left = list(submissions)
        for _ in range(ATTEMPTS_MAX):
            await self._upload(session, left)
            left = [submission for submission in left if not submission.settled]
            if not left or self._gives_up():
                return
            await asyncio.sleep(self._dice.uniform(*RETRY_PAUSE_S))

    async def _upload(self, session: aiohttp.ClientSession, submissions: Sequence[Submission]) -> None:
        body = "\n".join(json.dumps(each.posted.document) for each in submissions).encode()
        headers = {"Content-Type": "application/x-ndjson"}
        answers: dict[int, Answer] = {}
        missing = Answer(Outcome.UNKNOWN, "no line in the answer")
        try:
            async with session.post(
                "/transactions/bulk", params={"results": "all"}, data=body, headers=headers
            ) as answer:
                if answer.status != 200:
                    missing = _answer(answer.status, await answer.json(content_type=None))
                async for line in answer.content:
                    answers.update(_line_answers(line))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            missing = Answer(Outcome.UNKNOWN, type(error).__name__)
        for number, submission in enumerate(submissions, 1):
            submission.answers.append(answers.get(number, missing))

    def _gives_up(self) -> bool:
        return not self._patient or self._dice.random() < GIVES_UP


def _answer(status: int, document: dict[str, Any]) -> Answer:
    if status == 202:
        return Answer(Outcome.ACCEPTED, "202", document)
    code = str(document.get("code"))
    if code in NOTHING_STORED:
        return Answer(Outcome.NOTHING_STORED, f"{status} {code}")
    return Answer(Outcome.REFUSED if 400 <= status < 500 else Outcome.UNKNOWN, f"{status} {code}")


def _line_answers(line: bytes) -> Iterator[tuple[int, Answer]]:
    document = json.loads(line)
    if "line" not in document:
        return
    if (problem := document.get("problem")) is not None:
        yield document["line"], _answer(problem["status"], problem)
    else:
        yield document["line"], Answer(Outcome.ACCEPTED, "202", document)
