"""Who reads how much of a shard: shares that fit, and budgets that are refused."""

import pytest

from txn_core.drains import REGISTRY, DrainDefinition
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from workers.reading.budget import (
    BYTES_PER_S_MAX,
    READS_PER_S_MAX,
    ReadShare,
    look_pause_s,
    polling_drains,
    settings_for_rebuilding,
)

pytestmark = pytest.mark.usefixtures("two_drains")

STREAM = Settings().stream


@pytest.fixture
def further(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a drain of the same stream that is registered besides, for the time of the test."""
    monkeypatch.setitem(REGISTRY, "further", DrainDefinition("further", "nowhere:open"))
    return "further"


def share(**settings: object) -> ReadShare:
    return ReadShare.of(Settings.model_validate(settings), STREAM)


def polling(**settings: object) -> tuple[str, ...]:
    return polling_drains(Settings.model_validate(settings), STREAM)


def test_two_drains_share_alike_as_they_always_did() -> None:
    assert (polling(), share()) == (("index", "archive"), ReadShare(2.0, BYTES_PER_S_MAX / 2))


def test_a_third_drain_takes_its_share_from_the_others(further: str) -> None:
    """And leaves `txn status` its reads: it looks for every drain, and so less often."""
    each = share()
    assert each.bytes_per_s == pytest.approx(BYTES_PER_S_MAX / 3)
    assert 3 * each.reads_per_s + 3 / look_pause_s(Settings()) <= READS_PER_S_MAX


def test_two_drains_are_looked_at_as_often_as_ever() -> None:
    assert look_pause_s(Settings()) == 2.5


def test_a_drain_that_is_pushed_to_takes_nothing(further: str) -> None:
    assert polling(fan_out=further) == ("index", "archive")
    assert share(fan_out=further) == ReadShare(2.0, BYTES_PER_S_MAX / 2)
    assert polling(fan_out=f"index,archive,{further}") == ()


def test_drains_of_another_stream_do_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "other", DrainDefinition("other", "nowhere:open", stream_setting="table_prefix"))
    assert polling() == ("index", "archive")
    assert polling_drains(Settings(), "txn") == ("other",)


def test_reads_that_do_not_fit_are_refused_with_all_that_helps() -> None:
    with pytest.raises(SettingsError) as caught:
        share(poll_reads_per_s=3.0)
    text = str(caught.value)
    assert "\n" not in text
    for part in ("index, archive", "want 3 reads a second each, 6 together", "allows 5", "leaves 4.2", STREAM):
        assert part in text
    assert "lower TXN_POLL_READS_PER_S" in text
    assert "TXN_FAN_OUT" in text
    assert share(poll_reads_per_s=2.1).reads_per_s == 2.1
    assert share(poll_reads_per_s=4.0, fan_out="archive").reads_per_s == 4.0


def test_more_drains_than_a_shard_can_be_polled_by_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nobody said how often each is to read: it would be too seldom."""
    for number in range(7):
        monkeypatch.setitem(REGISTRY, f"further{number}", DrainDefinition(f"further{number}", "nowhere:open"))
    with pytest.raises(SettingsError, match="9 drains poll each shard"):
        share()
    assert len(polling(fan_out="index")) == 8


def test_who_builds_a_view_again_polls_half_as_often() -> None:
    """Its consumer is taken by who serves; what the settings say stays."""
    rebuilding = settings_for_rebuilding(Settings(fan_out="index,archive"), "index")
    assert (rebuilding.fan_out, rebuilding.poll_reads_per_s) == ("archive", 2.0)
    assert settings_for_rebuilding(Settings(), "index").poll_reads_per_s == 1.0
    assert settings_for_rebuilding(Settings(poll_reads_per_s=0.7), "index").poll_reads_per_s == 0.7
