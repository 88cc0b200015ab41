"""`txn cost`: what a deployment costs and needs, before it is paid for (docs/cost.md)."""

from typing import Annotated

import typer

from operations.cost.bill import bill_of
from operations.cost.dynamodb_units import index_item_bytes
from operations.cost.workload import (
    EVENT_BYTES_DEFAULT,
    EVENT_BYTES_MAX,
    EVENT_BYTES_MIN,
    ITEM_BYTES_MAX,
    ITEM_BYTES_MIN,
    MONTHS_MAX,
    RATE_MAX,
    RATE_MIN,
    Front,
    StreamMode,
    Workload,
)
from txn_cli.commands.place import JsonOption
from txn_cli.cost import cost_report, simulation_report
from txn_cli.terminal import console, say_document


def cost(
    *,
    rate: Annotated[
        float, typer.Option(min=RATE_MIN, max=RATE_MAX, help="Transactions a second, the mean of a month.")
    ],
    score: Annotated[bool, typer.Option("--score", help="With the scorer.")] = False,
    event: Annotated[
        int, typer.Option(min=EVENT_BYTES_MIN, max=EVENT_BYTES_MAX, help="Bytes of an event on the stream.")
    ] = EVENT_BYTES_DEFAULT,
    item: Annotated[
        int | None,
        typer.Option(
            min=ITEM_BYTES_MIN,
            max=ITEM_BYTES_MAX,
            help="Bytes of an item of the index, as DynamoDB counts; for its writes and storage alone.",
            show_default="of the event, packed",
        ),
    ] = None,
    months: Annotated[
        float, typer.Option(min=0, max=MONTHS_MAX, help="Months of transactions that index and lake hold.")
    ] = 1.0,
    front: Annotated[Front, typer.Option(help="What clients connect to.")] = Front.NLB,
    stream: Annotated[StreamMode, typer.Option(help="How the stream is paid for.")] = StreamMode.ON_DEMAND,
    simulate: Annotated[
        bool,
        typer.Option("--simulate", help="Instead: what rates up to 1,000,000/s need, and which quota breaks first."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Price a deployment on AWS: $ a month and a million transactions, what dominates, and what would cut it.

    Asks nobody: prices and quotas are those that come along, for us-east-1, each with its source and month.
    """
    workload = Workload(
        rate=rate,
        event_bytes=event,
        item_bytes=index_item_bytes(event) if item is None else item,
        months=months,
        scores=score,
        front=front,
        stream_mode=stream,
    )
    if simulate:
        if as_json:
            say_document(simulation_report.document(workload))
        else:
            simulation_report.show_simulation(workload, console())
    elif as_json:
        say_document(cost_report.document(bill_of(workload)))
    else:
        cost_report.show_bill(bill_of(workload), console())
