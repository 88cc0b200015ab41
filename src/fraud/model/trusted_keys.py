"""Whose models a system takes."""

from fraud.model.shipped import SHIPPED_KEYS
from fraud.model.signature import public_key_of
from txn_core.settings import Settings


def trusted_keys(settings: Settings) -> tuple[bytes, ...]:
    """The public keys of models that a system takes: those of its settings, its own, and the shipped models'."""
    own = settings.signs_models
    return (*settings.model_keys, *(() if own is None else (public_key_of(own),)), *SHIPPED_KEYS)
