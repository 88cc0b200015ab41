"""Sends rows of a file, or of any other source, through the API: singly or in bulk, and resumable."""

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
