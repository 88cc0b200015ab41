"""The rule on good and bad statements, and on the questions themselves."""

from importlib.resources import files
from pathlib import Path

import pytest

from tests.lint.sql_dialects import findings, findings_below

REFUSED = {
    "FILTER": "select count(*) filter (where a > 0) from t",
    "DISTINCT ON": "select distinct on (a) b from t",
    "IS DISTINCT FROM": "select a is distinct from b from t",
    "IS NOT DISTINCT FROM": "select a is not distinct from b from t",
    "LATERAL": "select * from t, lateral (select 1) as x",
    "an array": "select array[1, 2]",
    "unnest": "select unnest(a) from t",
    "generate_series": "select * from generate_series(1, 2)",
    "isodow": "select extract(isodow from a) from t",
    "date_part": "select date_part('isodow', a) from t",
    "substr": "select substr(a, 1, 2) from t",
    "ON CONFLICT": "insert into t select 1 on conflict do nothing",
    "a distinct count over a window": "select count(distinct a) over () from t",
    "lag with a default": "select lag(a, 1, 0) over (order by b) from t",
    "a table of values": "select * from (values (1)) as t (a)",
    "a plain division": "select sum(a) / nullif(count(*), 0) from t",
    "a plain division of columns": "select a / nullif(b, 0) from t",
    "a plain division in a cast": "select cast(a / nullif(b, 0) as decimal(10, 2)) from t",
    "a decimal that comes too late": "select 1.0 * (a / nullif(b, 0)) from t",
    "an integer division": "select div(a, b) from t",
    "a divisor that may be zero": "select 1.0 * a / b from t",
    "two statements": "select 1; select 2",
    "no statement": "-- select 1",
    "not SQL": "select from where",
}
NOT_PORTABLE = {
    "a short cast": "select a::bigint from t",
    "a quoted name": 'select "a" from t',
    "the clock": "select current_date",
    "the clock by a function": "select now()",
    "chance": "select random()",
    "QUALIFY": "select a from t qualify row_number() over (order by a) = 1",
    "ILIKE": "select a from t where a ilike 'b'",
    "an interval": "select a + interval '1 day' from t",
    "a function of one engine": "select strftime(a, '%Y') from t",
    "a type of one engine": "select cast(a as double) from t",
    "GROUP BY ALL": "select a, count(*) from t group by all",
    "a star with exceptions": "select * exclude (a) from t",
}
GOOD = {
    "a division": "select 1.0 * sum(a) / nullif(count(*), 0) from t",
    "a division by a decimal's power": "select 1.0 * a / power(10.0, b) from t",
    "a division of a cast": "select cast(a as decimal(10, 2)) / 2 from t",
    "an aggregate over a window": "select sum(a) over (partition by b) from t",
    "a distinct count": "select count(distinct a) from t",
    "lag": "select lag(a) over (order by b) from t",
    "a case": "select case when a > 0 then 1 else 0 end from t",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_engine_lacks_is_found(name: str) -> None:
    assert list(findings(REFUSED[name]))


@pytest.mark.parametrize("name", NOT_PORTABLE)
def test_what_is_not_portable_is_found_where_it_has_to_be(name: str) -> None:
    assert list(findings(NOT_PORTABLE[name], portable=True))


@pytest.mark.parametrize("name", GOOD)
def test_what_every_engine_has_is_not_found(name: str) -> None:
    assert list(findings(GOOD[name], portable=True)) == []


def test_every_question_is_portable() -> None:
    with_questions = Path(str(files("warehouse.questions")))
    assert len(list(with_questions.glob("q*.sql"))) == 12
    assert list(findings_below(with_questions, portable=True)) == []


def test_a_plain_division_in_the_first_question_is_found(tmp_path: Path) -> None:
    sound = (files("warehouse.questions") / "q01.sql").read_text(encoding="utf-8")
    (tmp_path / "q01.sql").write_text(sound.replace("1.0 * x.net_minor / nullif", "x.net_minor / nullif"))
    assert list(findings_below(tmp_path, portable=True))


def test_a_finding_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "model.sql").write_text(REFUSED["FILTER"])
    assert list(findings_below(tmp_path)) == [f"{tmp_path / 'model.sql'}: FILTER: not in Redshift"]
