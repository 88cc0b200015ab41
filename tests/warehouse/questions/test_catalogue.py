"""The catalogue knows twelve questions, and refuses a file that is not of its form."""

import duckdb
import pytest

from tests.warehouse.questions.star_schema import facts, statements
from warehouse.questions.catalogue import QuestionError, is_name, parse_question, question_of, questions

SOUND = """-- title: How many
-- answers: How many are there?
-- from: star.fact_transactions
-- shape: a row for each state
-- key state | label | the state
-- value customers | customers | customers of the cell
select 1
"""


def test_there_are_twelve() -> None:
    assert [question.name for question in questions()] == [f"q{number:02}" for number in range(1, 13)]


def test_the_header_names_the_columns_of_the_answer_in_their_order() -> None:
    with duckdb.connect() as database:
        for statement in statements(facts(1, 1)):
            database.execute(statement)
        for question in questions():
            described = database.execute(question.sql).description
            assert [column[0] for column in described or ()] == [column.name for column in question.columns]


def test_the_header_names_the_tables_that_are_read() -> None:
    for question in questions():
        _, _, sql = question.sql.partition("\nwith ")
        words = {word.strip("(),") for word in sql.split()}
        assert {word for word in words if word.startswith(("star.", "marts."))} == set(question.sources)


def test_a_sound_file_is_read() -> None:
    question = parse_question("q99", SOUND)
    assert (question.title, question.sources) == ("How many", ("star.fact_transactions",))
    assert [(column.name, column.is_key) for column in question.columns] == [("state", True), ("customers", False)]


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("-- title: How many\n", ""),
        ("-- title: How many\n", "-- title: How many\n-- title: How few\n"),
        ("-- shape: ", "-- form: "),
        ("| label |", "| labels |"),
        ("| customers | customers of the cell", "| count | customers of the cell"),
        ("-- key state | label |", "-- key state label"),
        ("| label | the state", "| money | the state"),
    ],
)
def test_a_file_of_another_form_is_refused(sound: str, broken: str) -> None:
    assert sound in SOUND
    with pytest.raises(QuestionError, match="q99"):
        parse_question("q99", SOUND.replace(sound, broken))


def test_a_name_that_is_none_is_refused_with_the_remedy() -> None:
    with pytest.raises(QuestionError, match="no question q13: `txn sql` lists them"):
        question_of("q13")


def test_a_name_is_told_from_sql() -> None:
    assert [is_name(text) for text in ("q02", "q99", "select 1", "q1", "q021")] == [True, True, False, False, False]
