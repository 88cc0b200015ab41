"""What wrk prints, in figures."""

import pytest
from bench.write_path.load.wrk import Load, parse

PRINTED = """\
Running 5s test @ http://127.0.0.1:12000/transactions
  1 threads and 256 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    58.11ms   12.02ms 180.61ms   81.20%
    Req/Sec     4.40k   300.00     5.00k    70.00%
  Latency Distribution
     50%  950.00us
     75%   60.00ms
     90%   70.00ms
     99%    1.02s
  21900 requests in 5.01s, 12.40MB read
Requests/sec:   4371.26
Transfer/sec:      2.47MB
"""


def test_rate_and_latencies_are_read_in_their_units() -> None:
    """Microseconds, milliseconds and seconds stand side by side."""
    assert parse(PRINTED) == Load(requests_per_s=4371.26, p50_s=0.00095, p99_s=1.02, failures=0)


def test_other_answers_and_broken_sockets_are_failures() -> None:
    """All kinds of them are added up."""
    printed = PRINTED + "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 50\n"
    assert parse(printed).failures == 60


def test_a_report_without_a_rate_is_an_error() -> None:
    """Rather than a rate of nought."""
    with pytest.raises(ValueError, match="Requests/sec"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")
