"""One connection, an idle server, Kinesis answering after 10 ms: what our API adds to a post's wait.

Counted first (`bench.counted.lone`), which has the bars. Then an illustration by the clock, against those 10 ms and
three times what FastAPI's hello world takes on the same connection. How long the Kinesis server really takes is told,
too, since its timers have a grain of a millisecond.
"""

import http.client
import json
import time
from contextlib import closing
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from devkit.kinesis_server.steering.orders import LatencyOrder, Orders

from bench.process_stats import pinned
from bench.write_path import counted, servers
from bench.write_path.kinesis_control import control
from bench.write_path.load import wrk
from bench.write_path.load.wrk import Load
from bench.write_path.results import Result, compared, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import STREAM, Plan, Stage

KINESIS_MS: Final = 10.0
WARM_UP_S: Final = 1
BARE_CALLS: Final = 100
HELLOS: Final = 3
SLOW: Final = Orders(latency=LatencyOrder(fixed_ms=KINESIS_MS))
QUICK: Final = Orders(latency=LatencyOrder())
MEASURE: Final = f"p50 seconds of a POST on one connection, Kinesis answering after {KINESIS_MS:.0f} ms, against "


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Both applications in turn, round by round, after a round that does not count."""
    ours: list[Load] = []
    hello: list[Load] = []
    with servers.api(stage.environment) as api, servers.peer("hello", stage.kinesis_url) as peer:
        control(stage.kinesis_url, SLOW)
        try:
            tell(f"idle: a bare call of Kinesis takes {_bare_call_s(stage.kinesis_url) * 1000:.2f} ms")
            for number in range(-1, plan.rounds):
                seconds = plan.seconds if number >= 0 else WARM_UP_S
                post, get = _load(api, stage, "POST", seconds), _load(peer, stage, "GET", seconds)
                if number >= 0:
                    ours.append(post)
                    hello.append(get)
                    tell(f"idle round {number + 1}: ours {post.p50_s * 1000:.2f} ms, hello {get.p50_s * 1000:.3f} ms")
        finally:
            control(stage.kinesis_url, QUICK)
    allowed = [KINESIS_MS / 1000 + HELLOS * load.p50_s for load in hello]
    return [
        *counted.measure("idle"),
        compared(MEASURE + f"that and {HELLOS} x hello's p50", [load.p50_s for load in ours], allowed, None),
        none_of("failed posts on one connection", sum(load.failures for load in ours)),
    ]


def _load(served: Served, stage: Stage, method: str, seconds: int) -> Load:
    url, script = served.base + "/transactions", stage.script(method)
    return wrk.run(url, script, core=servers.LOAD_CORE, connections=1, seconds=seconds)


def _bare_call_s(kinesis_url: str) -> float:
    """The p50 of calls with next to no client: what the server's delay comes to."""
    taken: list[float] = []
    headers = {"X-Amz-Target": "Kinesis_20131202.DescribeStreamSummary"}
    body = json.dumps({"StreamName": STREAM})
    with pinned(servers.LOAD_CORE), closing(http.client.HTTPConnection(urlsplit(kinesis_url).netloc)) as connection:
        for _ in range(BARE_CALLS):
            began = time.perf_counter()
            connection.request("POST", "/", body, headers)
            connection.getresponse().read()
            taken.append(time.perf_counter() - began)
    return median(taken)
