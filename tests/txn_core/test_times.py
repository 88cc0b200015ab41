"""Durations in buckets, as Prometheus wants them."""

from prometheus_client.core import HistogramMetricFamily

from txn_core.times import Times


def test_a_histogram_counts_cumulatively() -> None:
    """A time on a bound belongs below it, one beyond all bounds is in the last bucket alone."""
    times, family = Times((0.1, 0.5)), HistogramMetricFamily("seconds", "Seconds", labels=["route"])
    for seconds in (0.1, 0.2, 0.5, 1e6):
        times.observe(seconds)
    times.add_to(family, ["/x"])
    told = {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}
    assert [told["seconds_bucket", bound] for bound in ("0.1", "0.5", "+Inf")] == [1, 3, 4]
    assert told["seconds_count", None] == 4
    assert told["seconds_sum", None] == 0.1 + 0.2 + 0.5 + 1e6
    assert {sample.labels["route"] for sample in family.samples} == {"/x"}
