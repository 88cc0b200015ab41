"""Rows of a file, or of anything else that yields them, through the API and into the store."""

from txn_cli.load.delivery import BulkDelivery, Delivery, SingleDelivery, UndeliveredError
from txn_cli.load.file import FileLoad
from txn_cli.load.loader import load_rows
from txn_cli.load.totals import LoadTotals

__all__ = [
    "BulkDelivery",
    "Delivery",
    "FileLoad",
    "LoadTotals",
    "SingleDelivery",
    "UndeliveredError",
    "load_rows",
]
