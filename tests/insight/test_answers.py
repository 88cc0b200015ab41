"""Answers over HTTP: equal to plain Python's to the last digit, with what has to be known of them."""

import asyncio
import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.insight.conftest import Service, publish, serving
from tests.warehouse.questions.oracle import Oracle
from warehouse.questions.catalogue import question_of, questions
from warehouse.questions.hidden_cells import hidden_cells

NAMES = [question.name for question in questions()]


def plain(value: object) -> object:
    """A value as JSON has it, numbers with all their digits."""
    return value.isoformat() if isinstance(value, date) else value


async def exact(service: Service, path: str) -> dict[str, Any]:
    """An answer, decimals as they are written."""
    response = await service.client.get(path)
    assert response.status_code == 200
    document: dict[str, Any] = json.loads(response.text, parse_float=Decimal)
    return document


async def test_all_answers_are_those_of_plain_python(service: Service, database: duckdb.DuckDBPyConnection) -> None:
    """To the last decimal of each amount, but for what is hidden; as CSV, too."""
    oracle = Oracle.of(lambda sql: database.execute(sql).fetchall())
    for name in NAMES:
        question, expected = question_of(name), oracle.answer(name)
        hidden = hidden_cells(question, expected)
        shown = [[plain(value) for value in row] for row in hidden.emptied(question, expected)]
        document = await exact(service, f"/insight/questions/{name}")
        assert document["rows"] == shown
        assert document["sql"] == question.sql
        assert document["suppressed"]["rows"] == sorted(hidden.rows)
        assert [column["name"] for column in document["columns"]] == [column.name for column in question.columns]
        response = await service.client.get(f"/insight/questions/{name}?format=csv")
        header, *records = csv.reader(io.StringIO(response.text))
        assert header == [column.name for column in question.columns]
        assert [[text.removeprefix("'") for text in record] for record in records] == [
            ["" if value is None else str(value) for value in row] for row in shown
        ]


async def test_the_catalogue_says_what_is_asked_and_which_filters_go(service: Service) -> None:
    listed = (await service.client.get("/insight/questions")).json()["questions"]
    assert [each["id"] for each in listed] == NAMES
    by_id = {each["id"]: each for each in listed}
    assert by_id["q02"]["filters"] == ["currency", "region", "category"]
    assert (by_id["q02"]["main"], by_id["q02"]["unit"]) == ("preference", "index")
    assert by_id["q09"]["filters"] == ["from", "to", "currency"]
    assert by_id["q05"]["filters"] == []
    for each in listed:
        assert each["asks"].endswith("?")
        for name in each["filters"]:
            value = {"from": "2025-01", "to": "2025-01", "currency": "USD"}.get(name, "x")
            assert (await service.answer(each["id"], **{name: value}))["chosen"] == {name: value}


async def test_filters_choose_rows_and_change_no_value(service: Service) -> None:
    whole = await service.answer("q01")
    part = await service.answer("q01", **{"from": "2024-12", "to": "2025-02", "currency": "USD", "region": "South"})
    chosen = [
        number
        for number, row in enumerate(whole["rows"])
        if "2024-12-01" <= row[0] <= "2025-02-01" and row[1:3] == ["South", "USD"]
    ]
    assert 0 < len(chosen) < len(whole["rows"])
    assert part["rows"] == [whole["rows"][number] for number in chosen]
    hidden = [place for place, number in enumerate(chosen) if number in whole["suppressed"]["rows"]]
    assert part["suppressed"]["rows"] == hidden
    assert part["chosen"] == {"from": "2024-12", "to": "2025-02", "currency": "USD", "region": "South"}
    assert (await service.answer("q01", region="Atlantis"))["rows"] == []


async def test_the_time_of_the_data_and_partial_months_are_said(service: Service) -> None:
    answer = await service.answer("q09")
    data = answer["data"]
    assert data["built_at"] == "2025-03-10T12:00:00Z"
    first, last = data["first_transaction_at"], data["last_transaction_at"]
    assert [each["month"] for each in data["partial_months"]] == [f"{first[:7]}-01", f"{last[:7]}-01"]
    assert data["partial_months"][0]["last_day"] == "2024-11-30"
    assert data["partial_months"][1] == {
        "month": "2025-03-01", "first_day": "2025-03-01", "last_day": last[:10],
        "days": int(last[8:10]), "days_in_month": 31,
    }  # fmt: skip
    partial = {answer["rows"][number][0] for number in answer["partial_rows"]}
    assert partial == {"2024-11-01", "2025-03-01"}
    cohorts = await service.answer("q11")
    late = {(row[0], row[1]) for number, row in enumerate(cohorts["rows"]) if number in cohorts["partial_rows"]}
    assert {("2024-12-01", 3), ("2024-11-01", 0), ("2024-11-01", 1)} <= late
    assert ("2024-12-01", 2) not in late


async def test_an_answer_is_kept_until_the_data_changes(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    folder = publish(tmp_path / "warehouse")
    async with serving(folder) as service:
        answers = await asyncio.gather(*(service.client.get("/insight/questions/q04") for _ in range(20)))
        tag = answers[0].headers["etag"]
        assert {answer.headers["etag"] for answer in answers} == {tag}
        assert service.count("txn_insight_queries_total", question="q04", outcome="answered") == 1
        again = await service.client.get("/insight/questions/q04", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        csv_tag = (await service.client.get("/insight/questions/q04?format=csv")).headers["etag"]
        assert csv_tag == f'{tag[:-1]}-csv"'
        publish(folder, run="run-2", load=2, count=60)
        newer = await service.client.get("/insight/questions/q04", headers={"If-None-Match": tag})
        assert newer.status_code == 200
        assert newer.headers["etag"] != tag
        assert newer.json()["rows"] != answers[0].json()["rows"]
        assert service.count("txn_insight_queries_total", question="q04", outcome="answered") == 2


async def test_before_the_first_build_there_is_nothing_to_ask(
    tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path / "nowhere") as service:
        response = await service.client.get("/insight/questions/q01")
        assert (response.status_code, response.json()["code"]) == (503, "warehouse_not_built")
        assert response.headers["retry-after"] == "10"
        ready = await service.client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"warehouse": "unavailable"})
        (tmp_path / "nowhere").mkdir()
        (tmp_path / "nowhere" / "warehouse.duckdb").write_bytes(b"no database" * 1_000)
        for path in ("questions/q01", "explorer"):
            assert (await service.client.get(f"/insight/{path}")).json()["code"] == "warehouse_not_built"
        publish(tmp_path / "nowhere")
        assert (await service.client.get("/insight/questions/q01")).status_code == 200


async def test_an_empty_warehouse_is_answered(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """One fact: every cell is of one customer, and nothing is told."""
    async with serving(publish(tmp_path / "warehouse", count=1)) as service:
        for name in ("q01", "q05", "q09", "q11"):
            answer = await service.answer(name)
            assert answer["seen"] == "Too few cells are shown to say what is seen."
            values = [n for n, column in enumerate(answer["columns"]) if not column["is_key"]]
            assert not any(row[n] for row in answer["rows"] for n in values)
