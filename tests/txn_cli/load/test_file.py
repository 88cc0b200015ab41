"""Loads of files: what is interrupted goes on, what is complete starts again."""

import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.api_client.retry import RetryPolicy
from ingest.files.source import Source
from ingest.layouts.cells import MESSAGES
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import BulkDelivery, UndeliveredError
from ingest.upload.totals import LoadTotals
from tests.txn_cli.builders import CARD, cells, csv_file
from tests.txn_cli.fake_api import API_KEY, CutOff, FakeApi, HttpReply
from txn_cli.load.bookmark import Bookmark
from txn_cli.load.file import FileLoad
from txn_core.exceptions import TxnError


async def at_once(_: float) -> None:
    """A pause of no length."""


POLICY = RetryPolicy(attempts_max=2, pause=at_once)


class SmallChunks(BulkDelivery):
    """Bulk uploads of ten rows."""

    rows_max = 10


class Loads:
    """Runs loads of one file, each as a process of its own would."""

    def __init__(self, api: FakeApi, file: Path, folder: Path) -> None:
        self.api, self.file, self.folder = api, file, folder
        self.fractions: list[float | None] = []

    async def run(self, *, limit: int | None = None, rejects: Path | None = None) -> LoadTotals:
        """One load."""
        bookmark = Bookmark.of(self.folder, self.file, api_key=API_KEY, particulars=[str(limit), str(rejects)])
        with Source.open(str(self.file)) as source:
            work = FileLoad(source, limit, rejects, bookmark)
            async with self.api.client() as client:
                return await work.run(work.place(), SmallChunks(client, POLICY), self._progress)

    def _progress(self, totals: LoadTotals, fraction: float | None, rejections: Sequence[Rejection]) -> None:
        self.fractions.append(fraction)


@pytest.fixture
def loads(tmp_path: Path) -> Loads:
    """Loads of 45 rows of which every tenth is damaged; no earlier one was interrupted."""
    rows = [cells(n, **({"amt": "?"} if n % 10 == 5 else {})) for n in range(45)]
    return Loads(FakeApi(), csv_file(tmp_path / "rows.csv", rows), tmp_path / "loads")


def contents(path: Path) -> set[str]:
    return {file.read_text() for file in [path, *path.rglob("*")] if file.is_file()}


def kept(loads: Loads) -> list[Path]:
    return list(loads.folder.glob("*")) if loads.folder.exists() else []


async def test_a_complete_load_leaves_nothing_behind_and_runs_in_full_again(loads: Loads) -> None:
    first = await loads.run()
    assert (first.read, first.accepted, first.rejected) == (45, 41, 4)
    assert kept(loads) == []
    second = await loads.run()
    assert (second.read, second.accepted, second.rejected) == (45, 41, 4)
    assert set(loads.api.stored.values()) == {2}


async def interrupt(
    loads: Loads, *, after_chunks: int, limit: int | None = None, rejects: Path | None = None
) -> None:
    """Run a load whose connection is cut for good after so many chunks."""
    loads.api.faults = deque([None] * after_chunks + [CutOff(after=3)] * 10)
    with pytest.raises(UndeliveredError):
        await loads.run(limit=limit, rejects=rejects)
    loads.api.faults.clear()


async def test_an_interrupted_load_goes_on_after_the_last_settled_chunk(loads: Loads) -> None:
    await interrupt(loads, after_chunks=2)
    sent_before = len(loads.api.requests)
    totals = await loads.run()
    assert (totals.read, totals.accepted, totals.rejected) == (45, 41, 4)
    assert len(loads.api.stored) == 41
    assert [request[0] for request in loads.api.requests[sent_before:]] == [f"{n:032x}" for n in (20, 30, 40)]
    assert len(set(totals.receipts)) == 5
    assert kept(loads) == []


async def test_a_load_may_be_interrupted_again_and_again(loads: Loads) -> None:
    for _ in range(4):
        await interrupt(loads, after_chunks=1)
    totals = await loads.run()
    assert (totals.read, totals.accepted, totals.rejected, len(totals.receipts)) == (45, 41, 4, 5)


async def test_a_file_that_has_changed_starts_anew(loads: Loads) -> None:
    await interrupt(loads, after_chunks=2)
    csv_file(loads.file, map(cells, range(100, 115)))
    totals = await loads.run()
    assert (totals.read, totals.accepted) == (15, 15)


async def test_another_limit_is_another_load(loads: Loads) -> None:
    await interrupt(loads, after_chunks=2)
    assert (await loads.run(limit=25)).read == 25
    sent_before = len(loads.api.requests)
    assert (await loads.run()).read == 45
    assert len(loads.api.requests) == sent_before + 3


async def test_a_load_that_was_refused_can_be_continued_with_the_same_key(loads: Loads) -> None:
    loads.api.faults = deque([None, HttpReply(401, "api_key_invalid")])
    with pytest.raises(TxnError, match="401 api_key_invalid"):
        await loads.run()
    assert (await loads.run()).read == 45
    assert set(loads.api.stored.values()) == {1}


async def test_rejections_are_written_once_each_over_an_interruption(loads: Loads, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    await interrupt(loads, after_chunks=2, rejects=rejects)
    with rejects.open("a") as file:
        file.write("a line of the chunk that was not settled\n")
    await loads.run(rejects=rejects)
    assert rejects.read_text().splitlines() == [
        "line,field,code,message",
        *(f'{line},amt,amount_format,"{MESSAGES["amount_format"]}"' for line in (7, 17, 27, 37)),
    ]


async def test_without_its_rejects_file_an_interrupted_load_starts_anew(loads: Loads, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.ndjson"
    await interrupt(loads, after_chunks=2, rejects=rejects)
    rejects.unlink()
    totals = await loads.run(rejects=rejects)
    assert totals.read == 45
    assert [json.loads(line)["line"] for line in rejects.read_text().splitlines()] == [7, 17, 27, 37]


async def test_progress_tells_the_part_of_the_limit_or_of_the_file(loads: Loads) -> None:
    await loads.run(limit=20)
    assert loads.fractions == [0.5, 1.0]
    loads.fractions.clear()
    await loads.run()
    assert loads.fractions[-1] == 1.0


async def test_no_card_number_outlasts_a_load(loads: Loads, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.ndjson"
    await interrupt(loads, after_chunks=2, rejects=rejects)
    left = contents(tmp_path) - contents(loads.file)
    assert len(left) == 2
    assert not any(CARD in content for content in left)
