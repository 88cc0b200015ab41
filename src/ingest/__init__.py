"""Files with transactions on their way through the front door: unpacked, read by a layout, uploaded.

The command line and the worker that watches the clients' bucket share this package.
"""
