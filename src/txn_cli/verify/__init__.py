"""Reconciliation: what a file says against what the index and the lake hold."""

from txn_cli.verify.audit import Audit
from txn_cli.verify.report import Report

__all__ = ["Audit", "Report"]
