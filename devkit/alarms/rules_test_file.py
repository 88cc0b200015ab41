"""Writes the unit tests of Prometheus' rules, which promtool runs, or checks the file.

`python -m devkit.alarms.rules_test_file deploy/prometheus/rules_test.yml`. Each alarm fires and is over, over the
same stories that CloudWatch's alarms are evaluated by.
"""

from collections.abc import Iterator
from typing import Any, Final

from devkit.alarms.story import LEAD, Story, stories_of
from operations.alarms.alarm import MINUTE_S
from operations.alarms.alarm_table import ALARMS
from operations.alarms.expressions import AwsMetric, OwnMetric, Series, Share, series_of
from operations.alarms.prometheus_rules import NAMES, alert_of, exported_name, label_of, rule_of, selector
from operations.alarms.rules_file import AMISS, dumped
from txn_core.generated_file import write_or_check

RULES: Final = "rules.yml"
SAMPLES_A_MINUTE: Final = 4
FAST_S: Final = "0.25"
"""The bucket of requests that are fast enough; those that are not are in the last one alone."""


def text() -> str:
    """The tests as YAML."""
    tests = [_test(story) for alarm in ALARMS for story in stories_of(alarm)]
    return dumped({"rule_files": [RULES], "evaluation_interval": "1m", "tests": tests})


def main() -> None:
    """Write the file, or with `--check` say whether it has drifted."""
    write_or_check(__doc__, AMISS, lambda _: text())


def _test(story: Story) -> dict[str, Any]:
    alarm = story.alarm
    minutes = alarm.when.period_s // MINUTE_S
    rule = rule_of(alarm)
    fired = {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}
    at_end = LEAD + story.trouble
    expected: tuple[tuple[int, list[dict[str, Any]]], ...] = (
        (LEAD, []),
        (at_end, [fired] if story.fires else []),
        (story.end, []),
    )
    return {
        "name": f"{alarm.name} {story.name}",
        "interval": f"{MINUTE_S // SAMPLES_A_MINUTE}s",
        "input_series": list(_inputs(story)),
        "alert_rule_test": [
            {"eval_time": f"{period * minutes}m", "alertname": alert_of(alarm), "exp_alerts": alerts}
            for period, alerts in expected
        ],
    }


def _inputs(story: Story) -> Iterator[dict[str, str]]:
    for series in dict.fromkeys(series_of(story.alarm.expression)):
        if story.quiet_values[series] is None and story.bad_values[series] is None:
            continue
        if isinstance(story.alarm.expression, Share) and series in story.alarm.expression.whole.parts:
            yield from _rest_of_whole(story, series)
        elif isinstance(series, AwsMetric):
            labels = ",".join(f'{label_of(name)}="{NAMES.get(place, place)}"' for name, place in series.dimensions)
            yield {"series": f"{exported_name(series)}{{{labels}}}", "values": _gauge(story, series)}
        elif series.statistic == "p99":
            yield from _histogram(story, series)
        else:
            values = _counter(story, series) if series.statistic == "Sum" else _gauge(story, series)
            yield {"series": selector(series), "values": values}


def _rest_of_whole(story: Story, whole: Series) -> Iterator[dict[str, str]]:
    """The whole is the sum of all values of the label: what is not in the part."""
    assert isinstance(whole, OwnMetric)
    parts = [series for series in series_of(story.alarm.expression) if series != whole]
    quiet, bad = (
        (values[whole] or 0.0) - sum(values[part] or 0.0 for part in parts)
        for values in (story.quiet_values, story.bad_values)
    )
    series = OwnMetric(whole.name, "Sum", whole.service, ("outcome", "served"))
    yield {"series": selector(series), "values": _added(story, quiet, bad)}


def _histogram(story: Story, series: Series) -> Iterator[dict[str, str]]:
    """A hundred requests a minute, all as fast as the story says."""
    assert isinstance(series, OwnMetric)
    quiet, bad = ((values[series] or 0.0) <= float(FAST_S) for values in (story.quiet_values, story.bad_values))
    for bound, fast in ((FAST_S, (quiet, bad)), ("10.0", (True, True)), ("+Inf", (True, True))):
        name = selector(series, "_bucket").replace("{", f'{{le="{bound}",')
        yield {"series": name, "values": _added(story, 100.0 * fast[0], 100.0 * fast[1])}


def _counter(story: Story, series: Series) -> str:
    return _added(story, story.quiet_values[series] or 0.0, story.bad_values[series] or 0.0)


def _added(story: Story, quiet: float, bad: float) -> str:
    """A counter that rises by so much a minute, from 1 on; each stretch begins where the one before ended."""
    value = 1.0
    stretches: list[str] = []
    for periods, step in _stretches(story, quiet / SAMPLES_A_MINUTE, bad / SAMPLES_A_MINUTE):
        samples = _samples(story, periods)
        # The first of a stretch is one step further than the last of the one before.
        begin = value + step if stretches else value
        count = samples - 1 if stretches else samples
        stretches.append(f"{begin:.12g}+{step:.12g}x{count}")
        value = begin + step * count
    return " ".join(stretches)


def _gauge(story: Story, series: Series) -> str:
    """A gauge that keeps its value; where it has none, its process is gone."""
    texts = []
    for place, (periods, value) in enumerate(_stretches(story, story.quiet_values[series], story.bad_values[series])):
        samples = _samples(story, periods) + (place == 0)
        texts.append(f"stale _x{samples - 1}" if value is None else f"{value:.12g}+0x{samples - 1}")
    return " ".join(texts)


def _stretches(story: Story, quiet: Any, bad: Any) -> tuple[tuple[int, Any], ...]:
    return ((LEAD, quiet), (story.trouble, bad), (story.after, quiet))


def _samples(story: Story, periods: int) -> int:
    return periods * story.alarm.when.period_s // MINUTE_S * SAMPLES_A_MINUTE


if __name__ == "__main__":
    main()
