"""Asks questions again after a build, before somebody waits for them: those that were asked lately, at first all."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from insight.answers.answer_desk import AnswerDesk
from insight.answers.turns import NoTurnError
from insight.explorer.explorer_desk import ExplorerDesk
from warehouse.sql.query_errors import NotPublishedError, QueryError

LOOK_S: Final = 1.0

_log = structlog.get_logger()


async def keep_warm(desk: AnswerDesk, explorer: ExplorerDesk, look_s: float = LOOK_S) -> None:
    """Look for a new build again and again, until cancelled. One question at a time, and whoever asks goes first."""
    warmed = None
    while True:
        try:
            if (stamp := desk.stamp()) != warmed:
                await _warm(desk, explorer)
                warmed = stamp
        except NotPublishedError:
            warmed = None
        except Exception as error:  # noqa: BLE001 - whoever asks is told; this goes on
            _log.warning("warming_failed", error=type(error).__name__)
        await asyncio.sleep(look_s)


async def _warm(desk: AnswerDesk, explorer: ExplorerDesk) -> None:
    for question in desk.wanted():
        await desk.turns.idle()
        with suppress(QueryError, NoTurnError, TimeoutError):
            await desk.warm(question)
    if explorer.is_wanted():
        with suppress(QueryError, NoTurnError, TimeoutError):
            await explorer.warm()
