"""What a process of the index loads: no pyarrow, which takes 40 MB and which only the lake's columns need.

Measured on x86-64 Linux with Python 3.11, resident memory: an import of the index takes 65 MB. With pyarrow, its
processor alone took 107 MB. With the command, the host, uvloop and open clients of Kinesis, DynamoDB and S3 it is
106 MB, and was 146 MB.
"""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

RSS_MB_MAX: Final = 70  # for the import; what is above it says that something large is imported again
SCRIPT: Final = """
import asyncio, json, sys
from pathlib import Path


def rss_mb():
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024 / 1e6


async def clients(aws):
    async with aws.kinesis(validate=False), aws.dynamodb(), aws.lake():
        pass


import workers.index.index_drain
imported_mb = rss_mb()
import txn_cli.commands.processes, workers.hosts.process, workers.rebuild.rebuild
from txn_core.aws.clients import Aws
from txn_core.drains import INDEX
from workers.context import opener_of
opener_of(INDEX)
from txn_core.settings import Settings
import uvloop
uvloop.install()
where = {f"{name}_endpoint_url": "http://127.0.0.1:9" for name in ("kinesis", "dynamodb", "s3")}
asyncio.run(clients(Aws(Settings(bucket="lake", bucket_owner="111122223333", **where))))
arrow = sorted(name for name in sys.modules if name.partition(".")[0] in {"pyarrow", "numpy", "pandas"})
print(json.dumps({"arrow": arrow, "imported_mb": imported_mb, "ready_mb": rss_mb()}))
"""


def test_the_index_runs_without_pyarrow(tmp_path: Path) -> None:
    """In an interpreter of its own: what `txn worker index` loads before its first record, and its open clients.

    Its modules are compiled before: the compiler leaves 4 MB behind.
    """
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": sys.pycache_prefix or str(tmp_path),
    }
    run = partial(subprocess.run, capture_output=True, text=True, check=True, timeout=100, env=environment)
    run([sys.executable, "-c", "import workers.index.index_drain"])
    told = run([sys.executable, "-c", SCRIPT])
    loaded = json.loads(told.stdout)
    assert loaded["arrow"] == []
    assert loaded["imported_mb"] <= RSS_MB_MAX
