"""Files that are dropped on the page."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ingest.layouts.csv_records import BrokenRecord, records
from tests.builders import card_number
from tests.txn_api.asgi import until
from tests.txn_api.browser.chromium import LONG, be_offline, missing
from tests.txn_api.browser.downloads import arrived, rows_of
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

HEADER = "transaction_id,card_number,amount,currency,occurred_at,merchant,note"
DROP = """
const files = new DataTransfer();
files.items.add(new File([arguments[1]], arguments[2], {type: "text/csv"}));
for (const kind of ["dragenter", "dragover", "drop"]) {
  arguments[0].dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
}
"""


def row(number: int, *, amount: str = "12.34", note: str = "", id_: str | None = None) -> str:
    """A row of the bank's layout."""
    first = f"upload-{number:08d}" if id_ is None else id_
    return f"{first},{card_number(number % 9)},{amount},EUR,2026-01-02T03:04:05Z,Kub,{note}"


async def drop(visitor: Visitor, text: str) -> None:
    """Drop a file on the page and send it."""
    zone = await visitor.do(lambda driver: driver.find_element("id", "drop"))
    await visitor.do(lambda driver: driver.execute_script(DROP, zone, text, "rows.csv"))
    await visitor.submit("upload-form")


async def figures(visitor: Visitor) -> dict[str, str]:
    """What is said of the rows."""
    return {name: await visitor.text(f"upload-{name}") for name in ("read", "accepted", "rejected", "unknown")}


@pytest.fixture
async def uploader(visitor: Visitor) -> Visitor:
    """Somebody with a key in front of the form."""
    await visitor.open("#/upload")
    await visitor.give_key()
    return visitor


async def test_a_file_goes_in_parts_with_its_own_lines(uploader: Visitor, api: Api, downloads: Path) -> None:
    """Rejects name the file's line, also behind a cell of several lines and far into the file; all are downloaded."""
    wide = '"' + "x" * 20_000 + "\n" + "y" * 20_000 + '"'
    rows = [row(number, note=wide, amount="1.234" if number % 10 == 3 else "1.23") for number in range(30)]
    text = "\ufeff" + "\r\n".join([HEADER, *rows, "x", ""])
    await drop(uploader, text)
    await uploader.until(lambda: uploader.text("upload-news"), "Done: 31 rows read.")
    assert await figures(uploader) == {"read": "31", "accepted": "27", "rejected": "4", "unknown": "0"}
    await uploader.click("save-rejects")
    await until(arrived(downloads))
    told = [(int(each["line"]), each["field"], each["code"]) for each in rows_of(downloads)]
    assert told == [
        *((2 + 2 * number, "amount", "amount_format") for number in (3, 13, 23)),
        (62, "row", "column_count"),
    ]
    sent = await uploader.script(
        "return performance.getEntriesByName(location.origin + '/transactions/bulk?ids=required').length"
    )
    assert sent > 2


@LONG
async def test_of_several_files_none_is_taken(uploader: Visitor) -> None:
    """Or all but one would be left out, and nobody would know which."""
    zone = await uploader.do(lambda driver: driver.find_element("id", "drop"))
    two = DROP.replace("for (const kind", "files.items.add(new File(['x'], 'more.csv'));\nfor (const kind")
    await uploader.do(lambda driver: driver.execute_script(two, zone, "x", "rows.csv"))
    await uploader.until(lambda: uploader.text("upload-problem"), "Several files")
    assert await uploader.script("return arguments[0].files.length", "file") == 0


@LONG
async def test_rows_without_ids_go_in_one_piece(uploader: Visitor) -> None:
    """Their ids are made of all rows before them."""
    header = HEADER.removeprefix("transaction_id,")
    rows = [row(1, id_="").removeprefix(",") for _ in range(3)]
    await drop(uploader, "\n".join([header, *rows]))
    await uploader.until(lambda: uploader.text("upload-news"), "Done: 3 rows read.")
    assert (await figures(uploader))["accepted"] == "3"


@LONG
@pytest.mark.parametrize(
    ("text", "news"),
    [
        ("", "The file has no rows."),
        (f"{HEADER}\n", "The file has no rows."),
        ("a,b\n1,2\n", "the first line is no header"),
        ("\0\u0001\u00ff", "the first line is no header"),
    ],
)
async def test_a_file_without_rows_of_ours_says_so(uploader: Visitor, text: str, news: str) -> None:
    await drop(uploader, text)
    await uploader.until(lambda: uploader.text("upload-news"), news)
    assert (await figures(uploader))["accepted"] == "0"


@LONG
async def test_an_upload_waits_for_a_service_that_is_away(uploader: Visitor) -> None:
    """And goes on by itself; what was sent twice counts once."""
    await uploader.do(be_offline)
    await drop(uploader, "\n".join([HEADER, row(1), row(2)]))
    await uploader.until(lambda: uploader.text("upload-news"), "trying again")
    await uploader.do(lambda driver: be_offline(driver, offline=False))
    await uploader.until(lambda: uploader.text("upload-news"), "Done: 2 rows read.")
    assert (await figures(uploader))["accepted"] == "2"


@LONG
async def test_an_upload_is_stopped(uploader: Visitor) -> None:
    await uploader.do(be_offline)
    await drop(uploader, "\n".join([HEADER, row(1)]))
    await uploader.until(lambda: uploader.text("upload-news"), "trying again")
    await uploader.click("stop")
    await uploader.until(lambda: uploader.text("upload-news"), "Stopped.")
    await uploader.do(lambda driver: be_offline(driver, offline=False))
    assert await uploader.script("return arguments[0].hidden", "stop")


@LONG
async def test_a_key_that_may_not_send_is_told_so(visitor: Visitor, api: Api) -> None:
    header = await api.key("transactions:read")
    await visitor.open("#/upload")
    await visitor.give_key(header["Authorization"].removeprefix("Bearer "))
    await drop(visitor, f"{HEADER}\n{row(1)}\n")
    assert "scope_missing" in await visitor.until(lambda: visitor.text("upload-problem"), "403")


def _table(choose: random.Random) -> str:
    """Lines of a table in which quotes are lost, doubled and over lines."""
    cells = ["a", "", '"b"', '"c', 'd"', '""', '"e""f"', '"g,h"', 'i"j']
    lines = (",".join(choose.choices(cells, weights=[9, 5, 5, 1, 1, 2, 3, 3, 1], k=3)) for _ in range(40))
    return "".join(f"{line}\n" for line in lines)


@LONG
async def test_a_file_is_cut_where_the_service_sees_a_row_end(visitor: Visitor) -> None:
    """However its quotes are broken: rows before a cut and behind it are those of the whole file."""
    choose = random.Random(24)
    tables = [_table(choose) for _ in range(60)]
    script = """
    const [tables, done] = arguments;
    import("/page/record_ends.js").then(({wholeRows}) => done(tables.map(wholeRows)));
    """

    def cut(driver: Any) -> list[int]:
        return list(driver.execute_async_script(script, tables))

    for text, at in zip(tables, await visitor.do(cut), strict=True):
        assert _rows(text[:at]) + _rows(text[at:]) == _rows(text), json.dumps(text)
    assert any(at < len(text) for text, at in zip(tables, await visitor.do(cut), strict=True))


def _rows(text: str) -> list[object]:
    return [
        record.code if isinstance(record, BrokenRecord) else record.cells
        for record in records(io.BytesIO(text.encode()))
    ]
