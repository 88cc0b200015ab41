"""Steers the Kinesis server of a measurement, and reads what it counted, through its control page."""

import urllib.request
from typing import Final

from devkit.kinesis_server.steering.orders import Orders
from devkit.kinesis_server.steering.report import Report

ANSWER_S_MAX: Final = 10.0
NO_ORDERS: Final = Orders()


def control(kinesis_url: str, orders: Orders = NO_ORDERS) -> Report:
    """Carry out orders, if any, and report.

    Raises:
        URLError: the server does not answer, or refuses the orders.
    """
    body = orders.model_dump_json(exclude_unset=True).encode()
    with urllib.request.urlopen(f"{kinesis_url}/control", body, timeout=ANSWER_S_MAX) as answer:
        return Report.model_validate_json(answer.read())
