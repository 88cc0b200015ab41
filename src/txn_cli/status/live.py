"""A status that is kept up to date on a terminal until it is interrupted."""

import asyncio
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from txn_cli.status.drain import Status
from txn_cli.status.status_table import picture
from txn_core.exceptions import StoreError


class Looking(Protocol):
    """What looks; an `Observer` does."""

    @property
    def pause_s(self) -> float:
        """The pause between two looks, seconds."""

    async def look(self) -> Status:
        """The status now."""


class Watch:
    """Shows every look in the place of the one before. An outage is shown too, beside the last status there was."""

    def __init__(self, observer: Looking, console: Console) -> None:
        self._observer, self._console = observer, console
        self.last: Status | None = None

    async def run(self) -> None:
        """Look and show until cancelled."""
        with Live(console=self._console, auto_refresh=False) as live:
            while True:
                live.update(await self._look(), refresh=True)
                await asyncio.sleep(self._observer.pause_s)

    async def _look(self) -> Group:
        try:
            self.last = await self._observer.look()
        except StoreError as error:
            fault = Text(str(error), style="red")
            return Group(fault) if self.last is None else Group(picture(self.last), fault)
        return Group(picture(self.last))
