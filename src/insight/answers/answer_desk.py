"""Answers, asked once a data version and kept: whoever asks for the same thing at the same time shares a query.

A query runs in a thread of its own, in a closed session with a bound of memory and of time. Which data the published
files hold is looked at with every request: after a build, the next answer is of the new files. A query under way goes
on with the files that it has open, which the build does not touch.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from insight.answers.answered_question import AnsweredQuestion
from insight.answers.turns import Turns
from txn_core.single_flight import SingleFlight
from warehouse.questions.catalogue import Question, questions
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import GRACE_S, closed_session
from warehouse.sql.query_errors import NotPublishedError, QueryError, QueryTooLargeError, QueryTooLongError
from warehouse.sql.reader_roles import Role

FILE: Final = "warehouse.duckdb"
ENDED_KEPT_S: Final = 60.0
"""For how long a query is not run again that took more than its bounds."""
WANTED_S: Final = 900.0
"""How long ago a question may have been asked last that is asked again after a build."""
_SLACK_S: Final = 10.0
"""What a query gets beside its own time: to open the files, and for the rows' way into the answer."""


class Told(Protocol):
    """Is told of queries."""

    def queried(self, question: str, seconds: float, outcome: str) -> None:
        """A query has ended: `answered`, or the name of its error."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the published files are, what a query may take, and who is told of one that cannot be ended."""

    folder: Path
    bounds: Bounds
    overdue: Callable[[str], None]

    def stamp(self) -> str:
        """What tells the published file from those before and after it.

        Raises:
            NotPublishedError: nothing is published there.
        """
        try:
            found = (self.folder / FILE).stat()
        except OSError:
            raise NotPublishedError(f"there is no {self.folder / FILE}") from None
        return f"{found.st_dev}-{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


class AnswerDesk:
    """Answers questions. What it keeps is bounded by the questions: one answer each, of the newest data."""

    def __init__(
        self, place: Place, turns: Turns, threads: ThreadPoolExecutor, told: Told, *, wait_s: float,
        asked: Sequence[Question] | None = None,
    ) -> None:  # fmt: skip
        self._place, self._threads, self._told = place, threads, told
        self.turns = turns
        self._questions = {question.name: question for question in asked or questions()}
        self._kept: dict[str, tuple[str, AnsweredQuestion]] = {}
        self._asked_at: dict[str, float] = {}
        self._ended: dict[str, tuple[str, float, QueryError]] = {}
        self._queries = SingleFlight(self._query, place.bounds.timeout_s + wait_s + GRACE_S + _SLACK_S)

    def stamp(self) -> str:
        """What tells the published files from those before and after them.

        Raises:
            NotPublishedError: nothing is published.
        """
        return self._place.stamp()

    def wanted(self) -> list[Question]:
        """The questions that were asked lately; all, as long as none was."""
        since = time.monotonic() - WANTED_S
        lately = [name for name, at in self._asked_at.items() if at > since]
        return [self._questions[name] for name in (lately if self._asked_at else self._questions)]

    def question(self, name: str) -> Question | None:
        """The question of a name."""
        return self._questions.get(name)

    async def answer(self, question: Question) -> AnsweredQuestion:
        """The answer from the files that are published now.

        Raises:
            NotPublishedError: nothing is published.
            NoTurnError: too much is asked at once.
            QueryError: the query fails, or takes more than its bounds.
        """
        self._asked_at[question.name] = time.monotonic()
        return await self.warm(question)

    async def warm(self, question: Question) -> AnsweredQuestion:
        """The same for nobody who waits for it. Raises as `answer`."""
        stamp = self.stamp()
        self._refuse_ended(question.name, stamp)
        kept = self._kept.get(question.name)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        return await self._queries.get((stamp, question.name))

    async def _query(self, asked: tuple[str, str]) -> AnsweredQuestion:
        stamp, name = asked
        async with self.turns.turn():
            loop = asyncio.get_running_loop()
            try:
                answer = await loop.run_in_executor(self._threads, self._ask, self._questions[name], stamp)
            except (QueryTooLongError, QueryTooLargeError) as error:
                self._ended[name] = (stamp, time.monotonic() + ENDED_KEPT_S, error)
                raise
        self._kept[name] = (stamp, answer)
        return answer

    def _refuse_ended(self, name: str, stamp: str) -> None:
        """Raise again what ended the query of the same data a short while ago: it would take as much once more."""
        if (ended := self._ended.get(name)) is not None:
            of, until, error = ended
            if of == stamp and time.monotonic() < until:
                raise error.with_traceback(None)
            del self._ended[name]

    def _ask(self, question: Question, stamp: str) -> AnsweredQuestion:
        began, outcome = time.perf_counter(), "answered"
        place = self._place
        try:
            with closed_session(place.folder, Role.ANALYST, place.bounds, place.overdue) as reader:
                return AnsweredQuestion.asked(question, reader, stamp)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            self._told.queried(question.name, time.perf_counter() - began, outcome)
