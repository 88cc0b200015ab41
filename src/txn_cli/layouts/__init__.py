"""Layouts of files: which column holds which field of a transaction, and in what form.

A layout is data, a TOML file; those that come along stand beside this module. `model` says what a layout may hold,
`recognition` which one a file has, `reader` makes request bodies of its rows.
"""

from txn_cli.layouts.catalogue import layout_named, packaged_layouts
from txn_cli.layouts.layout_errors import LayoutError
from txn_cli.layouts.model import Layout
from txn_cli.layouts.reading_options import Reading

__all__ = ["Layout", "LayoutError", "Reading", "layout_named", "packaged_layouts"]
