"""Alerts as the scorer raises them, in the tables of an application."""

from typing import Any

from fraud.records.alert import Alert
from fraud.review.alert_desk import AlertDesk
from tests.fraud.builders import alert_of
from tests.txn_api.conftest import Api
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.instants import now


async def raised(api: Api, number: int, **changes: Any) -> Alert:
    """Raise an alert of a card of its own."""
    names = TableNames.of(api.services.settings)
    client = api.services.store(AlertTable)._client
    desk = AlertDesk(AlertTable(client, names.alerts), CaseTable(client, names.cases), api.services.keys)
    fields = {"account": api.account, "card_id": f"card_1_{number:032x}", "alerted_at": now()} | changes
    return (await desk.raise_alert(alert_of(number, **fields))).alert
