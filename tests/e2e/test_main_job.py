"""The main job from end to end, as its users run it: `txn up`, load, verify, stop, start again, load again."""

import asyncio
import csv
import gzip
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from devkit.running_stack import CATCH_UP_S_MAX, RunningStack, running_stack

from tests.canary.evidence import Evidence
from tests.canary.marks import Marks
from tests.canary.plants import unseen
from tests.canary.run import prober_of, send
from tests.canary.scene import Scene, search_scene
from tests.support.card_search import CardSearch
from tests.txn_cli.stack.upheld import in_process
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

SHARED: Final = Path(__file__).parents[3] / "shared" / "data"
ROWS: Final = 160
QUICK: Final = {"TXN_ARCHIVE_FLUSH_AGE_S": "1", "TXN_SCORE_FLUSH_S": "1", "TXN_BODY_DEADLINE_S": "1"}
WRONG_NOTHING: Final = {
    "missing_in_index": 0,
    "different_in_index": 0,
    "missing_in_lake": 0,
    "duplicated_in_lake": 0,
}


@dataclass(frozen=True)
class Sample:
    """A file, and its rows as text."""

    file: Path
    rows: list[dict[str, str]]

    @property
    def card_numbers(self) -> frozenset[str]:
        return frozenset(row["cc_num"] for row in self.rows)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """The first rows of the realistic data where it is there, simulated ones elsewhere."""
    file = tmp_path / "rows.csv"
    real = SHARED / "kaggle_like_dev.csv.gz"
    with file.open("w", newline="") as target:
        if real.exists():
            with gzip.open(real, "rt", newline="") as source:
                target.writelines(itertools.islice(source, ROWS + 1))
        else:
            write_rows(simulate_rows(rows=ROWS, cards=60, seed=11), target)
    with file.open(newline="") as source:
        return Sample(file, list(csv.DictReader(source)))


@pytest.mark.timeout(1_200)
def test_every_row_arrives_once_and_is_found_again_and_no_card_number_is_left_behind(
    tmp_path: Path, sample: Sample, subtests: pytest.Subtests, own_environment: pytest.MonkeyPatch
) -> None:
    """Load, verify, walk, restart, load again: all there, once, and nowhere a card number.

    Neither of the file nor of the canary suite's requests, which put marked ones everywhere (in full: `make canary`).
    Numbers that are planted afterwards are found, each of them.
    """
    data_dir = tmp_path / "data"
    with running_stack(data_dir, **QUICK) as stack:
        totals = stack.txn("load", str(sample.file))
        assert (totals["read"], totals["accepted"], totals["rejected"]) == (ROWS, ROWS, 0)
        stack.wait_caught_up()
        assert stack.txn("verify", str(sample.file)) == {"rows": ROWS, **WRONG_NOTHING, "repeated_in_stream": 0}
        _walk_cards(stack, sample)
        _walk_merchants(stack, sample)

    with running_stack(data_dir, **QUICK) as stack:
        assert _said(stack, "verify", sample.file) == {"rows": ROWS, **WRONG_NOTHING, "repeated_in_stream": 0}
        assert _said(stack, "load", sample.file)["accepted"] == ROWS
        _wait_caught_up(stack)
        assert _said(stack, "verify", sample.file) == {"rows": ROWS, **WRONG_NOTHING, "repeated_in_stream": ROWS}

        with subtests.test("a file that a spreadsheet damaged"):
            _rejects_row_by_row(stack, tmp_path / "rejects.ndjson")
        asyncio.run(_leaves_no_card_number(stack, sample, tmp_path))


async def _leaves_no_card_number(stack: RunningStack, sample: Sample, temporary: Path) -> None:
    canaries = Evidence(seed=1)
    await send(stack, prober_of(stack, canaries.marks).probes(), canaries)
    await asyncio.to_thread(_wait_caught_up, stack)
    search = CardSearch(sample.card_numbers | canaries.marks.numbers)
    await search_scene(search, scene := Scene.of(stack, canaries.answers))
    assert search.found == []
    assert await unseen(scene, temporary, Marks(2)) == [], "what the search does not see of numbers that are there"
    assert search.searched["answer body"] == len(canaries.answers) > 500
    assert not {0, 500} & set(canaries.statuses)
    assert search.searched["stream payload"] > 2 * ROWS + canaries.statuses[202], "and the sound lines of uploads"
    assert search.searched["table item"] > ROWS
    assert search.searched["parquet cell"] > ROWS
    assert search.searched["file"] > 10


def _wait_caught_up(stack: RunningStack) -> None:
    _said(stack, "status", "--wait-caught-up", "--timeout", CATCH_UP_S_MAX)


def _said(stack: RunningStack, *arguments: object) -> dict[str, Any]:
    """The JSON that a command prints, run in this process: another one takes a CPU second for its imports."""
    done = in_process(*map(str, arguments), "--data-dir", str(stack.data_dir), "--json")
    stack.output.extend((done.stdout.encode(), done.stderr.encode()))
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _rejects_row_by_row(stack: RunningStack, rejects: Path) -> None:
    """Of a file that a spreadsheet damaged, every damaged row is rejected with line, field and code, and the totals
    add up.
    """
    mangled = SHARED / "kaggle_excel_mangled.csv"
    if not mangled.exists():
        pytest.skip("the damaged file is not part of a clone")
    totals = _said(stack, "load", mangled, "--rejects", rejects, "--max-rejects", "100%")
    faults = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert totals["read"] == 300 == totals["accepted"] + totals["rejected"]
    assert len({fault["line"] for fault in faults}) == totals["rejected"]
    assert all(fault["field"] and fault["code"] for fault in faults)


def _walk_cards(stack: RunningStack, sample: Sample) -> None:
    """Every page walk by card over a range gives exactly the file's rows in that range, in order."""
    by_card = _grouped(sample.rows, "cc_num")
    start, end = _middle(sample.rows)
    for number in sorted(by_card, key=lambda card: -len(by_card[card]))[:2]:
        for limit, order in ((1, "desc"), (7, "asc"), (1000, "desc")):
            query = {"card_number": number, "from": start, "to": end, "limit": str(limit), "order": order}
            assert _walk(stack, query) == _expected(by_card[number], start, end, order)


def _walk_merchants(stack: RunningStack, sample: Sample) -> None:
    """By merchant likewise, in any casing and spacing, with commas and apostrophes in the name."""
    by_merchant = _grouped(sample.rows, "merchant")
    start, end = _middle(sample.rows)
    comma = next(name for name in by_merchant if "," in name)
    apostrophe = next((name for name in by_merchant if "'" in name), comma)
    for name in (comma, apostrophe):
        spoken = f"  {name.removeprefix('fraud_').upper().replace(' ', '   ')} "
        for limit, order in ((1, "asc"), (7, "desc"), (1000, "asc")):
            query = {"merchant_name": spoken, "from": start, "to": end, "limit": str(limit), "order": order}
            assert _walk(stack, query) == _expected(by_merchant[name], start, end, order)


def _walk(stack: RunningStack, query: dict[str, str]) -> list[str]:
    return [document["transaction_id"] for page in _pages(stack, query) for document in page]


def _pages(stack: RunningStack, query: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    with httpx.Client(base_url=stack.ready["api_url"], headers=stack.headers, timeout=60) as client:
        cursor: dict[str, str] = {}
        for _ in range(ROWS + 1):
            answer = client.get("/transactions", params=query | cursor).raise_for_status().json()
            yield answer["data"]
            if not answer["has_more"]:
                return
            cursor = {"cursor": answer["next_cursor"]}
        raise AssertionError("the walk does not end")


def _expected(rows: list[dict[str, str]], start: str, end: str, order: str) -> list[str]:
    moments = ((row["trans_date_trans_time"].replace(" ", "T") + "Z", row["trans_num"]) for row in rows)
    within = sorted((moment, number) for moment, number in moments if start <= moment < end)
    return [number for _, number in (within if order == "asc" else reversed(within))]


def _grouped(rows: list[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _middle(rows: list[dict[str, str]]) -> tuple[str, str]:
    """A range that leaves out the first and the last tenth of the rows."""
    moments = sorted(row["trans_date_trans_time"].replace(" ", "T") + "Z" for row in rows)
    return moments[len(moments) // 10], moments[-len(moments) // 10]
