"""GET of one transaction with its risk, against the same without: a look-up that names a field has none.

The API stands on one core as in production, wrk and a stand-in for DynamoDB on the other (`bench.reads`). Both ask
for the same transactions, each of which has a score, round by round.
"""

import asyncio
import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from devkit.site import ACCOUNT

from bench.process_stats import cpu_s
from bench.reads.site import Index, site
from bench.write_path import servers
from bench.write_path.load import wrk
from bench.write_path.results import Result, at_most, compared, none_of, tell
from bench.write_path.servers import Served
from txn_cli.stack.environment import adopt
from txn_core.aws.clients import Aws
from txn_core.dynamodb.review.scores import ScoreItem
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import CardId, TransactionId

CONNECTIONS: Final = 8
SECONDS: Final = 3
RATIO_MAX: Final = 1.3
MODEL: Final = "mdl_" + "a" * 32
WITH, WITHOUT = "with", "without"
_QUERIES: Final = {WITH: "", WITHOUT: "?fields=transaction_id"}
_SCRIPT: Final = """\
wrk.headers["Authorization"] = "Bearer {key}"
local ids, requests, next = {{ {ids} }}, {{}}, 0
function init(args)
  for number, id in ipairs(ids) do requests[number] = wrk.format("GET", "/transactions/" .. id .. "{query}") end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
"""


def measure(rounds: int) -> list[Result]:
    """CPU time of the API and the median latency, each with against without."""
    cpu: dict[str, list[float]] = {name: [] for name in _QUERIES}
    p50: dict[str, list[float]] = {name: [] for name in _QUERIES}
    failures = 0
    with site() as index, servers.api(index.environment) as served, TemporaryDirectory() as folder:
        ids = _ids(served, index)
        asyncio.run(_score_all(index, ids))
        unshown = sum(_got(served, index, f"/transactions/{each}")["risk"] is None for each in ids)
        for number in range(rounds + 1):
            for name, query in _QUERIES.items():
                script = Path(folder) / f"{name}.lua"
                quoted = ", ".join(f'"{each}"' for each in ids)
                script.write_text(_SCRIPT.format(key=index.key, ids=quoted, query=query))
                before = cpu_s(served.pid)
                load = wrk.run(served.base, script, core=servers.LOAD_CORE, connections=CONNECTIONS, seconds=SECONDS)
                cpu[name].append((cpu_s(served.pid) - before) / (load.requests_per_s * SECONDS) * 1e6)
                p50[name].append(load.p50_s * 1e6)
                failures += load.failures
                tell(f"risk round {number} {name:8} CPU {cpu[name][-1]:6.0f} us, p50 {p50[name][-1]:6.0f} us")
    bar = at_most(RATIO_MAX)
    return [
        compared("GET of one transaction with its risk, CPU us", cpu[WITH][1:], cpu[WITHOUT][1:], bar, by="CPU"),
        compared(f"the same, p50 over {CONNECTIONS} connections, us", p50[WITH][1:], p50[WITHOUT][1:], None),
        none_of("look-ups that failed", failures),
        none_of("transactions that show no risk", unshown),
    ]


def _ids(served: Served, index: Index) -> list[str]:
    found = _got(served, index, f"/transactions?card_id={index.card_ids[0]}&limit=100")
    return [row["transaction_id"] for row in found["data"]]


def _got(served: Served, index: Index, target: str) -> Any:
    request = urllib.request.Request(served.base + target, headers={"Authorization": f"Bearer {index.key}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def _score_all(index: Index, ids: Sequence[str]) -> None:
    settings = adopt(index.environment)
    async with Aws(settings).dynamodb() as dynamodb:
        for each in ids:
            item = ScoreItem(ACCOUNT, TransactionId(each), CardId(index.card_ids[0]), "0" * 12, 17, "pass", MODEL)
            await dynamodb.put_item(TableName=TableNames.of(settings).scores, Item=item.attributes())
