"""The sentence of each question."""

from collections.abc import Callable, Sequence
from typing import Final

from insight.answers.answered_question import AnsweredQuestion
from insight.sentences import fraud, habits, spending
from insight.sentences.words import Cell
from txn_core.printable import printable

NOTHING: Final = "Too few cells are shown to say what is seen."

SENTENCES: Final[dict[str, Callable[[Sequence[Cell]], str]]] = {
    "q01": spending.spend_by_region,
    "q02": spending.preferences,
    "q03": spending.women_and_men,
    "q04": habits.ages,
    "q05": habits.hours,
    "q06": spending.leading_merchants,
    "q07": fraud.fraud_by_state,
    "q08": fraud.fraud_by_segment,
    "q09": habits.growth,
    "q10": spending.segments,
    "q11": habits.retention,
    "q12": habits.distance,
}
"""Each is given the cells that are shown, and gives nothing where these do not say enough."""


def seen_in(answer: AnsweredQuestion) -> str:
    """What is seen in the rows of an answer that are shown; without the characters that names are disguised by."""
    return printable(SENTENCES[answer.question.name](answer.cells())) or NOTHING
