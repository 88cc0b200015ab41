"""Each question's SQL gives what plain Python computes from the same facts."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.questions.oracle import Oracle
from tests.warehouse.questions.star_schema import facts, statements
from warehouse.questions.catalogue import question_of, questions

NAMES = [question.name for question in questions()]
MADE = {"two hundred facts": (200, 1), "one fact": (1, 4), "sixty facts": (60, 2)}


class Star:
    """A database with the star schema, and the oracle over it."""

    def __init__(self, count: int, seed: int) -> None:
        self._database = duckdb.connect()
        for statement in statements(facts(count, seed)):
            self._database.execute(statement)
        self.oracle = Oracle.of(self.select)

    def select(self, sql: str, **settings: str) -> list[tuple[Any, ...]]:
        with self._database.cursor() as session:
            for name, value in settings.items():
                session.execute(f"set {name} = {value}")
            return session.execute(sql).fetchall()

    def close(self) -> None:
        self._database.close()


@pytest.fixture(scope="module", params=list(MADE.values()), ids=list(MADE))
def star(request: pytest.FixtureRequest) -> Iterator[Star]:
    made = Star(*request.param)
    yield made
    made.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_what_plain_python_computes(star: Star, name: str) -> None:
    """Also where integers are divided as integers, as PostgreSQL, Redshift and Trino do."""
    sql, expected = question_of(name).sql, star.oracle.answer(name)
    assert star.select(sql) == expected
    assert star.select(sql, integer_division="true") == expected


def test_a_plain_division_in_the_first_question_gives_another_answer() -> None:
    """So that the test above notices one."""
    star, sql = Star(200, 1), question_of("q01").sql
    plain = sql.replace("1.0 * x.net_minor / nullif(x.transactions, 0)", "x.net_minor / nullif(x.transactions, 0)")
    assert plain != sql
    assert star.select(plain, integer_division="true") != star.select(sql)
    star.close()


def test_no_fact_is_lost_in_the_sums(star: Star) -> None:
    [(facts_in_all,)] = star.select("select count(*) from star.fact_transactions")
    for name in ("q01", "q04", "q05", "q10"):
        column = [column.name for column in question_of(name).columns].index("transactions")
        assert sum(row[column] for row in star.select(question_of(name).sql)) == facts_in_all
