"""Addresses in S3: read as they are written, or refused by us in one line."""

import pytest

from ingest.files.file_errors import SourceError
from txn_cli.batches.s3_address import KEY_BYTES_MAX, S3Address


@pytest.mark.parametrize(
    "key", ["rows.csv", "/rows.csv", "a/50%25 off?#1.csv", "ü/\n.csv", "a..b/...", "k" * KEY_BYTES_MAX]
)
def test_a_key_is_taken_as_it_is_written(key: str) -> None:
    assert S3Address.parse(f"s3://Old_bucket.1/{key}") == S3Address("Old_bucket.1", key)
    assert S3Address.parse(f"S3://Old_bucket.1/{key}") == S3Address("Old_bucket.1", key)


@pytest.mark.parametrize("path", ["rows.csv", "./s3://bucket/key", "s3:/bucket/key", "a b://c", "://x", ""])
def test_what_is_no_address_is_a_path(path: str) -> None:
    assert S3Address.parse(path) is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        *(
            (f"s3://{bucket}/key", "s3://BUCKET/KEY")
            for bucket in ("[x", "", "b", "a b", "b\n", "bücket", "..", "b?c=d")
        ),
        ("s3://arn:aws:s3:us-east-1:1:accesspoint/x/y", "s3://BUCKET/KEY"),
        *((f"s3://bucket{key}", "s3://BUCKET/KEY") for key in ("", "/", "//")),
        ("s3://bucket/\udcff", "UTF-8"),
        (f"s3://bucket/{'ü' * (KEY_BYTES_MAX // 2)}k", "longer"),
        *((f"s3://bucket/{key}", "step") for key in ("../x", "a/./b", "a/..")),
        ("https://host/rows.csv", "https:// is not read here"),
        ("gs://bucket/key", "gs:// is not read here"),
    ],
)
def test_what_s3_could_only_stumble_over_is_refused(address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        S3Address.parse(address)
