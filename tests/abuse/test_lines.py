"""What a line of an upload costs, accepted or refused, whatever its bytes."""

import pytest

from tests.abuse.climbing import Candidate, climb
from tests.abuse.lines import Lines
from tests.abuse.meter import SURE_ROUNDS, CpuMeter, collecting_as_the_api
from tests.abuse.uploads import LINES, Uploads

SECONDS = 2.5
SEED = 20_260_101
FEW_ROUNDS = 5
SHORT_BYTES = 4_096  # of longer lines none is as dear a byte
METER = 1.3  # two measurements of one line differ by a tenth or more where others use the processor, too


@pytest.fixture(scope="module")
def lines() -> Lines:
    return Lines()


def test_no_line_costs_much_more_a_byte_than_an_ordinary_one(lines: Lines) -> None:
    """At most five times as much, by a search that climbs; an hour of it: `make abuse SECONDS=3600`."""
    report = climb(lines, seconds=SECONDS, seed=SEED)
    meter = CpuMeter(lines)
    with collecting_as_the_api():
        over = [candidate for candidate in report.over if _is_over(candidate, lines, meter)]
    assert over == [], "\n".join(report.lines())
    assert report.tried > 200


def _is_over(candidate: Candidate, lines: Lines, meter: CpuMeter) -> bool:
    """Whether it is dear in a later minute, too: others that use the processor make some lines dear for a while."""
    limit = lines.bar * METER
    return candidate.ratio > limit and all(meter.ratio(candidate.data, SURE_ROUNDS) > limit for _ in range(3))


def test_the_known_dear_lines_are_dear_no_more(lines: Lines) -> None:
    """Each by itself, measured often: some of them cost twenty times what is due."""
    meter = CpuMeter(lines)
    with collecting_as_the_api():
        ratios = {data[:60]: meter.ratio(data, SURE_ROUNDS) for data in lines.seeds}
    assert {data: ratio for data, ratio in ratios.items() if ratio > lines.bar * METER} == {}


def test_the_known_dear_lines_are_dear_no_more_in_an_upload() -> None:
    """Split, refused and answered as well, of which an ordinary line's part is larger."""
    uploads = Uploads()
    uploads.run(uploads.reference)
    assert b'"accepted":%d' % LINES in uploads.answer
    uploads.run(b"{}")
    assert uploads.answer.count(b"field_required") >= LINES
    meter = CpuMeter(uploads)
    with collecting_as_the_api():
        ratios = {data[:60]: meter.ratio(data, FEW_ROUNDS) for data in uploads.seeds if len(data) < SHORT_BYTES}
    assert {data: ratio for data, ratio in ratios.items() if ratio > uploads.bar} == {}
