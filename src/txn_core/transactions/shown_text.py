"""The type of a text that is stored and shown: of bounded length, without controls, with something to be seen."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from txn_core.transactions.faults import TEXT_PATTERN
from txn_core.transactions.invisible import VISIBLE_PATTERN


@dataclass(frozen=True, slots=True)
class ShownText:
    """The schema of a text of so many characters at most. pydantic's core looks whether it shows something, too."""

    length_max: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(min_length=1, max_length=self.length_max, pattern=TEXT_PATTERN)
        return core_schema.chain_schema([text, core_schema.str_schema(pattern=VISIBLE_PATTERN)])
