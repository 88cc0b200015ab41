"""The settings by concern; `txn_core.settings` puts them together."""
