"""The pictures of the twelve questions in a browser: from the first byte of the answer to the painted picture.

- **Cold**: a page that was just loaded, with nothing from a cache, enters a question's view for the first time since
  the published file is new, with each round. The service asks all questions again behind that, as behind a build.
- **Warm**: the page goes back to a question that it has shown, while the service has kept the answers.

The overview, `#/insight`, is entered as often: until the last of the twelve pictures is painted. The service has the
same priority as the browser, so that a machine with other work does not keep the measure waiting for first bytes.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from tests.txn_api.browser.chromium import chromium

from bench.insight.browser import Looker, Painted
from bench.insight.service import insight, publish_again
from bench.write_path import servers
from bench.write_path.percentiles import percentile
from bench.write_path.results import tell
from bench.write_path.stage import Stage
from txn_cli.stack import ports
from warehouse.questions.catalogue import questions

State = Literal["cold", "warm"]
BARS_MS: Final[dict[State, float]] = {"cold": 1_000.0, "warm": 300.0}
"""At most this for the 95th percentile, from the first byte of the answer to the painted picture."""
OVERVIEW: Final = "insight"


@dataclass(frozen=True, slots=True)
class Figure:
    """What the visits to one view in one state come to; milliseconds.

    Attributes:
        answered_p50, answered_p95: from the first byte of the answer until its picture was painted.
        asked_p50, asked_p95: the same from the request.
        entered_p50, entered_p95: the same from entering the view.
        cpu_p50, cpu_p95: CPU time of the page's main thread since then.
    """

    view: str
    state: State
    visits: int
    answered_p50: float
    answered_p95: float
    asked_p50: float
    asked_p95: float
    entered_p50: float
    entered_p95: float
    cpu_p50: float
    cpu_p95: float

    @property
    def bar_ms(self) -> float | None:
        """What the 95th percentile is held to; the overview has none, since twelve pictures take turns in it."""
        return None if self.view == OVERVIEW else BARS_MS[self.state]

    @property
    def ok(self) -> bool:
        """Whether it is."""
        return self.bar_ms is None or self.answered_p95 <= self.bar_ms


def measure(stage: Stage, folder: Path, rounds: int, only: Sequence[str]) -> list[Figure]:
    """Visit each question so often in each state, round by round, and the overview."""
    port = ports.choose()
    given = dict(stage.environment) | {"TXN_INSIGHT_URL": f"http://{ports.HOST}:{port}", "TXN_INSIGHT_NICE": "0"}
    names = [question.name for question in questions() if not only or question.name in only]
    with (
        servers.api(given, servers.BOTH_CORES) as api,
        insight(given, folder, port=port, origin=api.base),
        TemporaryDirectory() as profile,
        chromium(Path(profile)) as driver,
    ):
        looker = Looker(driver, f"{api.base}/", stage.key)
        views = {f"insight/{name}": [name] for name in names} | ({} if only else {OVERVIEW: names})
        visits: dict[tuple[str, State], list[Painted]] = {(view, state): [] for view in views for state in BARS_MS}
        for number in range(rounds):
            publish_again(folder)
            for view, shown in views.items():
                looker.open()
                visits[view, "cold"].append(_last(looker.look(f"#/{view}", shown)))
                looker.leave()
                visits[view, "warm"].append(_last(looker.look(f"#/{view}", shown)))
            tell(f"pages round {number + 1}; load of the machine {os.getloadavg()[0]:.1f}")
    return [_figure(view, state, painted) for (view, state), painted in visits.items()]


def _last(painted: Sequence[Painted]) -> Painted:
    """Of several pictures the one that was painted last."""
    return max(painted, key=lambda each: each["entered_ms"])


def _figure(view: str, state: State, painted: Sequence[Painted]) -> Figure:
    def both(milliseconds: Sequence[float]) -> tuple[float, float]:
        return round(percentile(milliseconds, 50), 1), round(percentile(milliseconds, 95), 1)

    return Figure(
        view,
        state,
        len(painted),
        *both([each["answered_ms"] for each in painted]),
        *both([each["asked_ms"] for each in painted]),
        *both([each["entered_ms"] for each in painted]),
        *both([each["cpu_ms"] for each in painted]),
    )


def table(figures: Sequence[Figure]) -> str:
    """The figures as Markdown."""
    lines = [
        "| View | State | Visits | First byte to painted, p50 / p95 | Bar | | From request | From entering | CPU |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in figures:
        bar = "" if each.bar_ms is None else f"{each.bar_ms:,.0f}"
        mark = "" if each.bar_ms is None else "ok" if each.ok else "missed"
        lines.append(
            f"| {each.view} | {each.state} | {each.visits} | {each.answered_p50:,.0f} / {each.answered_p95:,.0f} "
            f"| {bar} | {mark} | {each.asked_p50:,.0f} / {each.asked_p95:,.0f} "
            f"| {each.entered_p50:,.0f} / {each.entered_p95:,.0f} "
            f"| {each.cpu_p50:,.0f} / {each.cpu_p95:,.0f} |"
        )
    return "\n".join(lines)


def documents(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """The figures as JSON, with their bars."""
    return [asdict(each) | {"bar_ms": each.bar_ms, "ok": each.ok} for each in figures]
