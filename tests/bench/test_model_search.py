"""The search for features and parameters sees nothing of the days that judge the model it chooses."""

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from dataclasses import replace

from bench.model_search import DAYS_READ, PARAMETERS, PRESENT, WITHOUT, Search, Variant, early

from bench import model_search
from fraud.features.catalogue import FEATURES
from fraud.training.labelled import DAY_S, Labelled
from tests.fraud.training.made_rows import BEGAN_S, made_rows


def test_days_from_the_80th_on_are_never_passed_on() -> None:
    rows = made_rows(cards=3, days=DAYS_READ + 5)
    end_s = BEGAN_S + DAYS_READ * DAY_S
    assert list(early(iter(rows))) == [row for row in rows if row.at_s < end_s]
    late_first = [rows[0], *rows[::-1]]
    assert max(row.at_s for row in early(iter(late_first))) < end_s


def test_a_search_is_the_same_whatever_later_days_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_search, "DAYS_READ", 14)
    monkeypatch.setattr(model_search, "DAYS_GROWN", 9)
    end_s = BEGAN_S + 14 * DAY_S

    def changed(row: Labelled) -> Labelled:
        return row if row.at_s < end_s else replace(row, is_fraud=not row.is_fraud)

    rows = made_rows(days=20)
    variant = Variant(PRESENT, trees=2)
    one, two = Search(early(rows)), Search(early(map(changed, rows)))
    found = one.scores(variant)
    assert found == two.scores(variant)
    assert set(found) == {"seen", "unseen", "mixture"}
    assert {each.day for each in found["seen"]} == {BEGAN_S // DAY_S + day for day in range(9, 14)}
    assert one.scores(replace(variant, without="velocity"))["seen"] != found["seen"]
    assert one.scores(replace(variant, stage=0))["unseen"] != found["unseen"]


def test_every_group_is_left_out_once_and_every_variant_has_a_name_of_its_own() -> None:
    assert {variant.without for variant in WITHOUT} == {None, *(feature.group for feature in FEATURES)}
    names = [variant.name for variant in (*WITHOUT, *PARAMETERS)]
    assert len(set(names)) == len(names)
