"""What the demonstration shows of the warehouse: that it is built, and three answers. Its failure ends nothing."""

import asyncio
from typing import Final

from txn_cli import terminal
from txn_cli.demo.first_build import lacks_build
from txn_cli.stack.localstack import LocalStack
from txn_cli.stack.narrator import Narrator
from txn_core.exceptions import WarehouseError

ANSWER_S_MAX: Final = 30.0


async def show_warehouse(stack: LocalStack, url: str, narrator: Narrator) -> None:
    """Wait for the first build, and show three answers; or say why there are none, and how to go on."""
    if (why := await lacks_build(stack, url)) is not None:
        narrator.warn(f"The warehouse is not built yet: {why}. It is tried again; `txn status` shows how far it is")
        return
    narrator.say("The warehouse holds all of it. Three of its twelve answers:")
    try:
        await asyncio.to_thread(_show_answers, stack)
    except WarehouseError as error:
        narrator.warn(f"The warehouse does not answer: {error}")
        return
    narrator.say("")
    narrator.say(f"The others: txn sql --data-dir {stack.data_dir.root}")


def _show_answers(stack: LocalStack) -> None:
    from txn_cli.demo.three_answers import show_answers  # noqa: PLC0415 - the extra `warehouse`, here and below
    from txn_cli.warehouse.warehouse_place import folder_of  # noqa: PLC0415
    from warehouse.sql.bounds import Bounds  # noqa: PLC0415
    from warehouse.sql.duckdb_reader import open_duckdb  # noqa: PLC0415
    from warehouse.sql.reader_roles import Role  # noqa: PLC0415

    settings = stack.settings
    folder = folder_of(settings, stack.data_dir.root, is_local=True).root
    bounds = Bounds(settings.warehouse_memory, settings.warehouse_threads, ANSWER_S_MAX)
    with open_duckdb(folder, Role.ANALYST, bounds) as reader:
        show_answers(terminal.console(), reader)
