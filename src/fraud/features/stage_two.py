"""Features of the second stage: what the first one said of the card's earlier purchases, and says of this one."""

from bisect import bisect_right
from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import DAY_S, HOUR_S, WEEK_S
from fraud.history.columns import LOG_ODDS_MAX, NO_LOG_ODDS, Columns
from fraud.observations.observation import Observation

LEVELS: Final = (-3_000, 0)
"""Thousandths of log-odds. Earlier purchases above them are counted."""


class Said:
    """The log-odds of the first stage, in thousandths: its own, and those of the priors by window, oldest first."""

    __slots__ = ("date", "day", "hour", "newest", "own", "week")

    def __init__(self, observation: Observation, columns: Columns, model_id: str, stage1_millilogit: int) -> None:
        self.own = min(max(stage1_millilogit, -LOG_ODDS_MAX), LOG_ODDS_MAX)
        at_s, times = observation.occurred_at_s, columns.times
        end = bisect_right(times, at_s)
        week = bisect_right(times, at_s - WEEK_S, 0, end)
        day = bisect_right(times, at_s - DAY_S, week, end)
        column = columns.log_odds.get(model_id)
        said = [NO_LOG_ODDS] * (end - week) if column is None else column[week:end].tolist()
        self.newest = column[end - 1] if column is not None and end else NO_LOG_ODDS
        self.week = _known(said)
        self.day = _known(said[day - week :])
        self.date = _known(said[bisect_right(times, at_s - at_s % DAY_S - 1, day, end) - week :])
        self.hour = _known(said[bisect_right(times, at_s - HOUR_S, day, end) - week :])


def _known(said: list[int]) -> list[int]:
    return said if NO_LOG_ODDS not in said else [value for value in said if value != NO_LOG_ODDS]


def _own(said: Said) -> Value:
    return said.own


def _newest(said: Said) -> Value:
    return None if said.newest == NO_LOG_ODDS else said.newest


def _max_hour(said: Said) -> Value:
    return max(said.hour, default=None)


def _max_date(said: Said) -> Value:
    return max(said.date, default=None)


def _max_day(said: Said) -> Value:
    return max(said.day, default=None)


def _max_week(said: Said) -> Value:
    return max(said.week, default=None)


def _min_date(said: Said) -> Value:
    return min(said.date, default=None)


def _mean_date(said: Said) -> Value:
    return sum(said.date) / len(said.date) if said.date else None


def _suspect_date(said: Said) -> Value:
    return len([value for value in said.date if value > LEVELS[0]])


def _likely_date(said: Said) -> Value:
    return len([value for value in said.date if value > LEVELS[1]])


def _suspect_day(said: Said) -> Value:
    return len([value for value in said.day if value > LEVELS[0]])


def _likely_day(said: Said) -> Value:
    return len([value for value in said.day if value > LEVELS[1]])


def _suspect_week(said: Said) -> Value:
    return len([value for value in said.week if value > LEVELS[0]])


def _likely_week(said: Said) -> Value:
    return len([value for value in said.week if value > LEVELS[1]])


_SUSPECT: Final = "{} earlier purchases looked suspicious "
_LIKELY: Final = "{} earlier purchases looked like fraud "

STAGE2: Final = (
    Feature("stage1_own", "stage 2", "millilogit", "none", "by itself it scores {}", _own),
    Feature("stage1_newest", "stage 2", "millilogit", "card", "the purchase before scored {}", _newest),
    Feature("stage1_max_1h", "stage 2", "millilogit", "1h", "the highest score of the hour before was {}", _max_hour),
    Feature(
        "stage1_max_date", "stage 2", "millilogit", "date", "the highest score earlier that date was {}", _max_date
    ),
    Feature("stage1_max_24h", "stage 2", "millilogit", "24h", "the highest score of 24 hours was {}", _max_day),
    Feature("stage1_max_7d", "stage 2", "millilogit", "7d", "the highest score of 7 days was {}", _max_week),
    Feature(
        "stage1_min_date", "stage 2", "millilogit", "date", "the lowest score earlier that date was {}", _min_date
    ),
    Feature(
        "stage1_mean_date", "stage 2", "millilogit", "date", "the mean score earlier that date was {}", _mean_date
    ),
    Feature("stage1_suspect_date", "stage 2", "count", "date", _SUSPECT + "that date", _suspect_date),
    Feature("stage1_likely_date", "stage 2", "count", "date", _LIKELY + "that date", _likely_date),
    Feature("stage1_suspect_24h", "stage 2", "count", "24h", _SUSPECT + "in 24 hours", _suspect_day),
    Feature("stage1_likely_24h", "stage 2", "count", "24h", _LIKELY + "in 24 hours", _likely_day),
    Feature("stage1_suspect_7d", "stage 2", "count", "7d", _SUSPECT + "in 7 days", _suspect_week),
    Feature("stage1_likely_7d", "stage 2", "count", "7d", _LIKELY + "in 7 days", _likely_week),
)
