"""The insight service as `txn insight` runs it, but for one question, which does not end."""

import os
from dataclasses import replace
from typing import Final

from insight.http.app import create_insight
from insight.http.services import Asked
from insight.serving import serve
from txn_core.settings import Settings
from txn_server.http.listener import listening
from warehouse.questions.catalogue import Question, question_of, questions

ENDLESS: Final = "q12"
_SQL: Final = """select 'rural' as urbanicity, sum(hash(a.i + b.i + c.i)) as customers, 1 as transactions,
1 as kilometers, 1 as beyond_100_km from range(10000) as a(i), range(10000) as b(i), range(10000) as c(i)"""


def asked() -> list[Question]:
    """The twelve questions, the endless one first."""
    return [replace(question_of(ENDLESS), sql=_SQL), *(each for each in questions() if each.name != ENDLESS)]


def main() -> None:
    """Serve until SIGTERM, by the settings of the environment."""
    settings = Settings.from_environment()
    assert settings.warehouse_folder is not None
    listener = listening(settings.insight_host, settings.insight_port)
    serve(create_insight(settings, Asked(settings.warehouse_folder, _end, asked())), settings, listener)


def _end(_: str) -> None:
    """As `txn insight` ends: the query took no interruption."""
    os._exit(1)


if __name__ == "__main__":
    main()
