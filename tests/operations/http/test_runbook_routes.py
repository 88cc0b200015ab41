"""The runbook's pages: open to all, whole without a script, and one for each finding."""

import pytest

from operations.alarms.alarm_table import alarms_of
from operations.runbook.runbook import RUNBOOK
from tests.txn_api.conftest import AppFixture


async def test_each_entry_has_its_page(desk: AppFixture) -> None:
    """With what it means, its thresholds, its alarms and its steps; the list leads to all."""
    del desk.client.headers["authorization"]
    index = await desk.client.get("/runbook")
    for entry in RUNBOOK:
        assert f'href="{entry.address}"' in index.text
        page = await desk.client.get(entry.address)
        assert page.status_code == 200
        assert entry.title in page.text
        items = len(entry.first_look) + len(entry.safe_action) + len(alarms_of(entry))
        assert page.text.count("<li>") == items
        assert "script-src" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["none", "index_lag/", "%00"])
async def test_another_name_is_not_found(desk: AppFixture, name: str) -> None:
    assert (await desk.client.get(f"/runbook/{name}")).status_code == 404
