"""Uploads of tables: CSV in a layout of `ingest.layouts`, each row of which becomes a request body.

The loader reads the same layouts from files; here the same rules hold in bounded memory and in turns.
"""
