"""Compares a file with the index and the lake, and two generations of the index with each other."""

from txn_cli.verify.audit import Audit
from txn_cli.verify.report import Report

__all__ = ["Audit", "Report"]
