"""The load: many distinct bodies of many cards, from the simulator."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

_SCRIPT = """\
wrk.method = "{method}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {key}"
local requests, next = {{}}, 0
function init(args)
  if wrk.method == "POST" then
    for line in io.lines("{bodies}") do requests[#requests + 1] = wrk.format(nil, nil, nil, line) end
  else
    requests[1] = wrk.format()
  end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
"""


def bodies(count: int, *, seed: int = 3) -> Iterator[bytes]:
    """So many request bodies, each of a card of its own as far as there are cards."""
    file = io.StringIO(newline="")
    write_rows(simulate_rows(rows=count, cards=count, seed=seed), file)
    for row in read_rows(io.BytesIO(file.getvalue().encode())):
        if isinstance(row, SoundRow):
            yield row.body


def write_lines(file: Path, count: int) -> None:
    """The bodies as NDJSON, gzipped if the file's name says so."""
    with gzip.open(file, "wb") if file.suffix == ".gz" else file.open("wb") as target:
        for body in bodies(count):
            target.write(body + b"\n")


def write_script(file: Path, *, method: str, key: str, lines: Path) -> None:
    """What wrk sends: the bodies one after the other, made up before it starts."""
    file.write_text(_SCRIPT.format(method=method, key=key, bodies=lines))
