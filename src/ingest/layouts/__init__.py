"""Layouts of files: which column holds which field of a transaction, and in what form.

A layout is data, a TOML file; those that come along stand beside this module. `model` says what a layout may hold,
`recognition` which one a file has, `reader` makes request bodies of its rows.
"""
