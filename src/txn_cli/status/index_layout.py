"""How the index is laid out: what its items are written in, and whether it finds refunds and reversals."""

from dataclasses import dataclass
from typing import Self

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.exceptions import StoreError
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class IndexLayout:
    """The layout of one generation of the index (docs/operations.md, item forms)."""

    generation: int
    item_form: ItemForm
    keeps_relations: bool

    @classmethod
    async def read(cls, client: DynamoDBClient, settings: Settings) -> Self | None:
        """The layout of the generation that the settings name; None where it is not laid out.

        Raises:
            ClientError: the table may not be read.
        """
        names = TableNames.of(settings)
        try:
            table = await TransactionTable.open(client, names.transactions)
        except StoreError:
            return None
        return cls(names.generation, table.item_form, table.keeps_relations)

    @property
    def line(self) -> str:
        """In words."""
        return self._line(f"item form {self.item_form:d}")

    def line_after(self, before: Self | None) -> str:
        """In words, with the item form that it had before."""
        if before is None:
            return self.line
        if before.item_form is self.item_form:
            return self._line(f"item form {self.item_form:d} already")
        return self._line(f"item form {before.item_form:d} -> {self.item_form:d}")

    def _line(self, form: str) -> str:
        relations = "relations kept" if self.keeps_relations else "relations not kept"
        return f"Generation {self.generation} of the index: {form}, {relations}"
