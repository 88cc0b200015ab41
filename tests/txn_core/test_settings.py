"""Settings: read once, checked at start, and never showing a value."""

import base64
import traceback

import pytest
from pydantic import ValidationError

from tests.builders import base64_key
from txn_core.exceptions import SettingsError
from txn_core.setting_groups.key_settings import KEY_BYTES_MIN
from txn_core.settings import Settings

SECRET = "hunter2-hunter2"  # made up, and never to be shown


@pytest.fixture
def environment(own_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings, on a machine of AWS."""
    own_environment.setenv("AWS_REGION", "eu-central-1")
    return own_environment


def refused(environment: pytest.MonkeyPatch, **variables: str) -> str:
    """What a start with these variables says, its traceback included."""
    for name, value in variables.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()
    return str(caught.value) + "".join(traceback.format_exception(caught.value))


def test_everything_but_the_keys_has_a_default(environment: pytest.MonkeyPatch) -> None:
    """A process starts without a single setting, and then has no keys at all; a bucket has no default either."""
    settings = Settings.from_environment()
    assert (settings.aws_region, settings.bucket) == ("eu-central-1", None)
    with pytest.raises(SettingsError, match="TXN_BUCKET"):
        _ = settings.lake_bucket
    keys = (settings.identity_key, settings.cursor_key, settings.dead_letter_key)
    assert (settings.card_keys, keys) == ({}, (None, None, None))


@pytest.mark.parametrize(
    ("endpoint", "bucket"),
    [("http://127.0.0.1:8333", "txn-lake"), ("http://[::1]:8333", "txn-lake"), ("https://s3.example.com", None)],
)
def test_only_an_s3_on_this_machine_has_a_bucket_by_default(
    environment: pytest.MonkeyPatch, endpoint: str, bucket: str | None
) -> None:
    """All accounts of AWS share the names of buckets: one by default would be somebody's."""
    environment.setenv("TXN_S3_ENDPOINT_URL", endpoint)
    assert Settings.from_environment().bucket == bucket
    environment.setenv("TXN_BUCKET", "ours")
    assert Settings.from_environment().lake_bucket == "ours"


def test_variables_are_read_in_their_types(environment: pytest.MonkeyPatch) -> None:
    """Numbers, JSON and base64 are read as what they stand for."""
    environment.setenv("TXN_API_PORT", "0")
    environment.setenv("TXN_CARD_KEYS", f'{{"1": "{base64_key(1)}", "12": "{base64_key(2)}"}}')
    environment.setenv("TXN_IDENTITY_KEY", base64_key(3))
    settings = Settings.from_environment()
    assert settings.api_port == 0
    assert {version: key.get_secret_value() for version, key in settings.card_keys.items()} == {
        1: bytes([1]) * 32,
        12: bytes([2]) * 32,
    }
    assert settings.identity_key is not None
    assert settings.identity_key.get_secret_value() == bytes([3]) * 32


@pytest.mark.parametrize("name", ["TXN_FOO", "TXN_API_PORTT", "TXN_", "txn_foo", "Txn_Stream_Name", "TXN_STREAM_"])
def test_an_unknown_variable_stops_the_start(environment: pytest.MonkeyPatch, name: str) -> None:
    """A mistyped setting is named, in any case, and its value is not."""
    said = refused(environment, **{name: SECRET})
    assert name in said
    assert SECRET not in said


def test_several_unknown_variables_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    """One start tells them all."""
    assert "unknown settings: TXN_A, TXN_B" in refused(environment, TXN_B="1", TXN_A="1")


def test_other_variables_are_not_ours(environment: pytest.MonkeyPatch) -> None:
    """Names that merely resemble ours do not stop a start."""
    for name in ("TXN", "TXNAPI", "MY_TXN_FOO"):
        environment.setenv(name, "1")
    Settings.from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TXN_API_PORT", SECRET),
        ("TXN_API_PORT", "65536"),
        ("TXN_LOG_LEVEL", SECRET),
        ("TXN_STREAM_SHARDS", "0"),
        ("TXN_TABLE_PREFIX", f"{SECRET}!"),
        ("TXN_PUT_TIMEOUT_S", "0"),
        ("TXN_PUT_TIMEOUT_S", "inf"),
        ("TXN_REQUEST_DEADLINE_S", "nan"),
        ("TXN_BUFFER_BYTES_MAX", "1"),
        ("TXN_IDENTITY_KEY", SECRET),
        ("TXN_IDENTITY_KEY", ""),
        ("TXN_IDENTITY_KEY", "\u00e9" * 44),
        ("TXN_IDENTITY_KEY", base64.b64encode(SECRET.encode()).decode()),
        ("TXN_CURSOR_KEY", base64.b64encode(b"x" * (KEY_BYTES_MIN - 1)).decode()),
        ("TXN_DEAD_LETTER_KEY", base64_key(1) + "!"),
        ("TXN_CARD_KEYS", SECRET),
        ("TXN_CARD_KEYS", f'{{"{SECRET}": 1'),
        ("TXN_CARD_KEYS", f'["{SECRET}"]'),
        ("TXN_CARD_KEYS", f'{{"1": "{SECRET}"}}'),
        ("TXN_CARD_KEYS", f'{{"{SECRET}": "{base64_key(1)}"}}'),
        ("TXN_CARD_KEYS", '{"1": 12345}'),
        ("TXN_CARD_KEYS", f'{{"0": "{base64_key(1)}"}}'),
        ("TXN_CARD_KEYS", f'{{"-1": "{base64_key(1)}"}}'),
        ("TXN_CARD_KEYS", f'{{"10000": "{base64_key(1)}"}}'),
        ("TXN_BUCKET", ""),
        ("TXN_BUCKET_OWNER", SECRET),
        ("TXN_BUCKET_OWNER", "11112222333"),
        ("TXN_BUCKET_OWNER", "\u0661" * 12),
        ("TXN_LUHN_EXEMPT_RANGES", SECRET),
        ("TXN_LUHN_EXEMPT_RANGES", "621977;622"),
        ("TXN_LUHN_EXEMPT_RANGES", "62-6300"),
        ("TXN_LUHN_EXEMPT_RANGES", "621977-621900"),
        ("TXN_LUHN_EXEMPT_RANGES", "621977001"),
        ("TXN_LUHN_EXEMPT_RANGES", "621977:20"),
        ("TXN_LUHN_EXEMPT_RANGES", "621977:19-16"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_not_shown(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Error and traceback say which variable, never what it held: a key in a log is a key lost."""
    said = refused(environment, **{name: value})
    assert name.removeprefix("TXN_") in said.upper()
    assert "default factory" not in said
    assert SECRET not in said
    assert value not in said or len(value) < 6
    assert base64_key(1) not in said


def test_a_key_has_at_least_32_bytes(environment: pytest.MonkeyPatch) -> None:
    """One byte less is refused, 32 and more are taken."""
    for size in (KEY_BYTES_MIN, KEY_BYTES_MIN + 1, 64):
        environment.setenv("TXN_IDENTITY_KEY", base64.b64encode(b"x" * size).decode())
        assert Settings.from_environment().identity_key is not None
    assert "shorter than 32" in refused(environment, TXN_IDENTITY_KEY=base64.b64encode(b"x" * 31).decode())


def test_ranges_of_cards_without_a_check_digit_are_read(environment: pytest.MonkeyPatch) -> None:
    """First digits, ranges of them, and lengths; none by default."""
    assert not Settings.from_environment().luhn_exempt
    environment.setenv("TXN_LUHN_EXEMPT_RANGES", "621977, 8100-8171:16-19,")
    exempt = Settings.from_environment().luhn_exempt
    assert exempt.lengths("62197700") == tuple(range(8, 20))
    assert exempt.lengths("81719999") == (16, 17, 18, 19)
    assert exempt.lengths("81720000") == exempt.lengths("62197800") == ()


def test_renewal_must_fit_failover_three_times(environment: pytest.MonkeyPatch) -> None:
    """A lease that is renewed too rarely would be taken from a healthy owner."""
    said = refused(environment, TXN_LEASE_RENEW_S="4", TXN_LEASE_FAILOVER_S="10")
    assert "TXN_LEASE_RENEW_S must be at most a third" in said


def test_settings_do_not_show_their_keys(environment: pytest.MonkeyPatch) -> None:
    """repr, str and both dumps hide every key."""
    key = base64.b64encode((SECRET * 3).encode()).decode()
    settings = Settings(card_keys={1: key}, identity_key=key, cursor_key=key, dead_letter_key=key)
    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert SECRET not in shown
    assert key not in shown


def test_settings_are_frozen(environment: pytest.MonkeyPatch) -> None:
    """What a process was started with is what it runs with."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().stream = "other"  # type: ignore[misc]


def test_an_unknown_argument_is_refused(environment: pytest.MonkeyPatch) -> None:
    """Also in code, a setting that does not exist is an error."""
    with pytest.raises(ValidationError):
        Settings(sream="x")  # type: ignore[call-arg]


def test_every_setting_is_described() -> None:
    """The README's table of settings is generated, so each has a description, numbers with their unit."""
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_tls_settings_go_together(environment: pytest.MonkeyPatch) -> None:
    """A certificate without its key, or an authority without a certificate, would leave the port in the clear."""
    assert "go together" in refused(environment, TXN_TLS_CERT_FILE="cert.pem")
    environment.delenv("TXN_TLS_CERT_FILE")
    assert "TXN_TLS_CLIENT_CA_FILE needs" in refused(environment, TXN_TLS_CLIENT_CA_FILE="ca.pem")


@pytest.mark.parametrize(
    "url",
    ["insight.test", "ftp://insight.test", "https://", f"https://me:{SECRET}@insight.test", "https://insight.test/",
     "https://insight.test/a", "https://insight.test?a=b", "https://insight.test; script-src *", "http://a.test\n"],
)  # fmt: skip
def test_the_insight_service_has_an_address_that_a_policy_can_name(environment: pytest.MonkeyPatch, url: str) -> None:
    """Scheme, name and port, and nothing that would be a credential, a path or a source more."""
    assert "TXN_INSIGHT_URL" in refused(environment, TXN_INSIGHT_URL=url)
    assert Settings(insight_url="https://insight.test:8090").insight_url == "https://insight.test:8090"
