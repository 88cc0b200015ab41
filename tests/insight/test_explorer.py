"""The explorer's views: equal to plain Python's, and no subtraction tells of fewer than five customers."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from insight.explorer import cube
from insight.explorer.cube import Cube
from insight.explorer.dimensions import DIMENSIONS
from tests.insight.conftest import Service, publish, serving
from tests.insight.explorer_oracle import COUNT, LABEL, SEED, SEGMENTS, cells_of, chosen, summed
from tests.warehouse.questions.star_schema import REGIONS, Fact, facts
from warehouse.questions.catalogue import question_of
from warehouse.sql.bounds import Bounds

CHOICES: Final = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("explorer"), count=COUNT)


@pytest.fixture
async def service(own_environment: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[Service]:
    async with serving(folder) as made:
        yield made


async def explored(service: Service, choice: Mapping[str, str]) -> dict[str, Any]:
    response = await service.client.get("/insight/explorer", params=choice)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = json.loads(response.text, parse_float=Decimal)
    return document


def some_choices() -> list[dict[str, str]]:
    """None, one of each label, and random ones of several."""
    rng, made = random.Random(1), facts(COUNT, SEED)
    labels = {name: sorted({LABEL[name](fact) for fact in made}) for name in DIMENSIONS}
    single = [{name: label} for name, each in labels.items() for label in each[-2:]]
    several = [
        {name: LABEL[name](fact) for name in rng.sample(DIMENSIONS, rng.choice((2, 2, 3, 4)))}
        for fact in rng.sample(made, CHOICES)
    ]
    return [{}, *single, *several]


async def test_all_views_are_those_of_plain_python(service: Service) -> None:
    """Each cell's own distinct customers, in one currency; small cells and their company are null."""
    made, few, hidden_cells, shown_cells = facts(COUNT, SEED), 0, 0, 0
    for choice in some_choices():
        seen = await explored(service, choice)
        currency = choice.get("currency", "USD")
        assert (seen["currency"], seen["chosen"]) == (currency, choice)
        whole = {**choice, "currency": currency}
        expected = summed(chosen(made, whole), currency)
        if int(str(expected[0])) < 5:
            assert (seen["total"], seen["views"], seen["too_few"][:7]) == (None, {}, "Fewer t")
            few += 1
            continue
        assert (seen["total"], seen["too_few"]) == (expected, None)
        cells = cells_of(made, whole)
        for name, view in seen["views"].items():
            for number, (label, *values) in enumerate(view["cells"]):
                if number in view["hidden"]:
                    assert values == [None, None, None]
                else:
                    of = label if name == "currency" else currency
                    assert values == summed(cells[name].get(label, []), of)
                    assert values[0] not in {1, 2, 3, 4}
                hidden_cells += number in view["hidden"]
                shown_cells += number not in view["hidden"]
            assert {label for label, *_ in view["cells"]} == {LABEL[name](fact) for fact in made}
        _nothing_is_left_to_subtract(seen, cells, choice)
    assert few > 1
    assert shown_cells > hidden_cells > 50


def _nothing_is_left_to_subtract(
    seen: Mapping[str, Any], cells: Mapping[str, Mapping[str, Sequence[Fact]]], choice: Mapping[str, str]
) -> None:
    """Who knows every sum, and that a region is its states, is left with two cells, one of them large."""
    hidden = {(name, view["cells"][number][0]) for name, view in seen["views"].items() for number in view["hidden"]}
    sets = [{(name, label) for label in cells[name]} for name in DIMENSIONS]
    if not {"region", "state"} & set(choice):
        sets += [
            {("region", region), *(("state", state) for state, named in REGIONS.items() if named[1] == region)}
            for region in cells["region"]
        ]
    sizes = {
        (name, label): len({fact.customer_id for fact in cell})
        for name, labelled in cells.items()
        for label, cell in labelled.items()
    }
    while solved := {
        next(iter(left))
        for each in sets
        if len(left := each & hidden) == 1 and any(sizes[key] for key in each - left)
    }:
        assert all(sizes[key] >= 5 for key in solved), solved
        hidden -= solved
    for each in sets:
        left = each & hidden
        if left and any(sizes.get(key) for key in each - left):
            assert max(sizes[key] for key in left) >= 5


def test_segments_are_groups_of_the_answer_to_q10(folder: Path) -> None:
    """Over all facts of the main currency, before anything is hidden, and without plain Python's thirds."""
    groups: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as database:
        for currency, *thirds, customers, transactions, net, _ in database.execute(question_of("q10").sql).fetchall():
            if currency == "USD":
                recency, frequency, money = thirds
                label = SEGMENTS[recency][frequency][money - 1]
                groups[label].append((customers, transactions, int(net * 100)))
    cells = Cube.built(folder, Bounds("200MB", 1, 10), "stamp", print).cells("segment", {"currency": "USD"})
    assert {label: sums for label, *sums in cells} == {
        label: [sum(row[n] for row in rows) for n in range(3)] for label, rows in groups.items()
    }
    assert len(groups) > 5


def test_customers_are_counted_alike_by_bits_and_by_hash_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latter where a view has so many cells and customers that a bit for each would take much memory."""
    asked = [(by, choice) for by in DIMENSIONS for choice in ({}, {"currency": "USD"}, {"month": "2024-12-01"})]
    counted = []
    for bits in (cube.BITS_MAX, 0):
        monkeypatch.setattr(cube, "BITS_MAX", bits)
        made = Cube.built(folder, Bounds("200MB", 1, 10), "stamp", print)
        counted.append([sorted(made.cells(by, choice)) for by, choice in asked if by not in choice])
    assert counted[0] == counted[1]


async def test_what_nobody_has_is_too_few(service: Service) -> None:
    for choice in (
        {"region": "Atlantis"},
        {"month": "1999-01"},
        {"currency": "EUR"},
        {"state": "TX", "region": "West"},
    ):
        seen = await explored(service, choice)
        assert (seen["total"], seen["views"]) == (None, {})
        assert seen["too_few"] == "Fewer than 5 customers are chosen: nothing is told of them."


async def test_views_are_kept_and_have_a_tag(service: Service) -> None:
    first = await service.client.get("/insight/explorer?gender=M")
    again = await service.client.get("/insight/explorer?gender=M", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert service.count("txn_insight_queries_total", question="views", outcome="answered") == 1
    assert service.count("txn_insight_queries_total", question="cube", outcome="answered") == 1


async def test_a_wrong_choice_is_refused(service: Service) -> None:
    for query in ("gender=M&gender=F", "month=2025", "urbanicity=city", "from=2025-01"):
        response = await service.client.get(f"/insight/explorer?{query}")
        assert (response.status_code, response.json()["code"]) == (422, "parameter_invalid")


async def test_after_a_build_the_cube_follows(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """Choices are answered meanwhile, from the former data, and the answer says so."""
    folder = publish(tmp_path / "warehouse")
    async with serving(folder) as service:
        former = await explored(service, {})
        publish(folder, run="run-2", load=2, count=COUNT)
        versions = [(await explored(service, {}))["data"]["version"]]
        assert versions == [former["data"]["version"]]
        while versions[-1] == former["data"]["version"]:
            await asyncio.sleep(0.05)
            versions.append((await explored(service, {"gender": "M"}))["data"]["version"])
        newest = await explored(service, {})
        assert newest["data"]["version"] == versions[-1]
        assert newest["total"] == summed(chosen(facts(COUNT, SEED), {"currency": "USD"}), "USD")


async def test_a_cube_is_of_one_build(
    tmp_path: Path, own_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are published while it is built would give it numbers of the one, and the version of the other."""
    folder, build = publish(tmp_path / "warehouse"), Cube.built

    def built(*arguments: Any) -> Cube:
        cube = build(*arguments)
        monkeypatch.undo()
        publish(folder, run="run-2", load=2, count=COUNT)
        return cube

    async with serving(folder) as service:
        monkeypatch.setattr(Cube, "built", built)
        found = await explored(service, {})
        assert found["total"] == summed(chosen(facts(COUNT, SEED), {"currency": "USD"}), "USD")
        assert (await explored(service, {}))["data"]["version"] == found["data"]["version"]


async def test_a_cube_that_takes_too_long_is_not_built_again_at_once(
    tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path / "nowhere", insight_memory="1MB") as service:
        assert (await service.client.get("/insight/explorer")).json()["code"] == "warehouse_not_built"
        publish(tmp_path / "nowhere")
        for _ in range(2):
            response = await service.client.get("/insight/explorer")
            assert (response.status_code, response.json()["code"]) == (503, "query_too_large")
        assert service.count("txn_insight_queries_total", question="cube", outcome="QueryTooLargeError") == 1
