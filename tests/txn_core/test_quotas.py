"""How much one key may take."""

from tests.builders import base64_key
from txn_core.quotas import BY_SETTINGS, UNLIMITED, Limits
from txn_core.settings import Settings


def test_what_a_key_does_not_say_the_settings_say() -> None:
    """Its own bounds win, a zero too, which is a word and not a gap."""
    defaults = Limits(10, 20, 30, 40)
    assert Limits(writes_per_s=5, requests_max=0).over(defaults) == Limits(5, 20, 30, 0)
    assert BY_SETTINGS.over(defaults) == defaults
    assert UNLIMITED.over(defaults) == UNLIMITED


def test_settings_name_every_bound(own_environment: object) -> None:
    """Each of the four is taken from its own setting."""
    settings = Settings.model_validate(
        {
            "key_writes_per_s": 1,
            "key_reads_per_s": 2,
            "key_lines_per_s": 3,
            "key_requests_max": 4,
            "key_cards_of_mask_max": 5,
        }
        | {"identity_key": base64_key(1)}
    )
    assert Limits.from_settings(settings) == Limits(1, 2, 3, 4, 5)
