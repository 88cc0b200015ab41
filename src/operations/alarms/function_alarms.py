"""The alarms of the functions of Lambda, by what Lambda says of them (docs/lambda.md)."""

from collections.abc import Iterator
from typing import Final

from operations.alarms.alarm import Alarm, minutes
from operations.alarms.drain_alarms import LAG_S_MAX
from operations.alarms.expressions import AwsMetric, Placeholder, Statistic
from operations.runbook import drain_entries, store_entries

INDEX: Final = "function-index"
FILES: Final = "function-files"
"""The kinds of process of the functions."""
INDEX_TIMEOUT_MS: Final = 120_000
"""Of the function of the index, in `deploy/`; a test compares."""
DURATION_SHARE_MAX: Final = 0.8


def of_functions() -> Iterator[Alarm]:
    """What is watched of both. A quarter of the retention is watched on the stream itself (`iterator_age`)."""
    only = (INDEX,)
    age = _metric("IteratorAge", "Maximum", "IndexFunction")
    summary = "The function of the index is behind the stream."
    age_ms = 1_000 * LAG_S_MAX["index"]
    yield Alarm("index_function_age", "page", drain_entries.INDEX_LAG, summary, age, age_ms, minutes(5), only)
    runbook = store_entries.FUNCTIONS_FAILING
    failed = _metric("Errors", "Sum", "IndexFunction")
    summary = "The function of the index fails in every minute."
    yield Alarm("index_function_errors", "ticket", runbook, summary, failed, 0, minutes(5), only)
    throttled = _metric("Throttles", "Sum", "IndexFunction")
    summary = "Lambda does not start the function of the index for want of concurrency."
    yield Alarm("index_function_throttles", "ticket", runbook, summary, throttled, 0, minutes(3, of=5), only)
    # A percentile would need a thousand invocations a minute (CloudWatch User Guide, "Percentile-based alarms").
    took = _metric("Duration", "Maximum", "IndexFunction")
    summary = "Invocations of the index come near to their timeout."
    slow_ms = DURATION_SHARE_MAX * INDEX_TIMEOUT_MS
    yield Alarm("index_function_duration", "ticket", runbook, summary, took, slow_ms, minutes(3, of=5), only)
    # An event that fails is tried three times within minutes: a fourth minute is of another event.
    failed = _metric("Errors", "Sum", "FilesFunction")
    summary = "The function of clients' files fails again and again."
    yield Alarm("files_function_errors", "ticket", runbook, summary, failed, 0, minutes(4, of=15), (FILES,))


def _metric(name: str, statistic: Statistic, function: Placeholder) -> AwsMetric:
    return AwsMetric("AWS/Lambda", name, statistic, (("FunctionName", function),))
