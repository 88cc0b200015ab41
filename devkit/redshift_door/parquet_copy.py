"""COPY of Parquet files by a manifest, as Redshift carries it out and refuses it.

Sources: Amazon Redshift Database Developer Guide, COPY from columnar data formats (parameters; columns by position,
as many as the table has; the first error ends it), Using a manifest to specify data files (`meta.content_length`).
"""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from devkit.redshift_door.refusals import Refused

_COPY: Final = re.compile(
    r"copy\s+(?P<table>[\w.\"]+)\s*(?P<columns>\([^)]*\))?\s+from\s+'s3://(?P<bucket>[^/']+)/(?P<key>[^']+)'(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OPTION: Final = re.compile(
    r"\s*(format\s+as\s+\w+|format\s+\w+|iam_role\s+(?:'[^']*'|default)|\w+(?:\s+'[^']*'|\s+\d+)?)", re.IGNORECASE
)
_ROLE: Final = re.compile(r"iam_role\s+(default|'arn:aws[\w-]*:iam::\d{12}:role/[^']+')", re.IGNORECASE)
_TYPES: Final[Mapping[str, str]] = {
    "bigint": "int64", "integer": "int32", "smallint": "int16", "boolean": "bool", "double precision": "double",
    "real": "float", "date": "date32[day]", "timestamp without time zone": "timestamp[us]",
    "character varying": "string", "character": "string",
}  # fmt: skip
Objects: TypeAlias = Any  # a boto3 client of S3, which is untyped here


@dataclass(frozen=True, slots=True)
class Copy:
    """A COPY by manifest: the table as it was written, its columns if they were named, the manifest's place."""

    table: str
    columns: tuple[str, ...]
    bucket: str
    key: str


def parse(statement: str) -> Copy | None:
    """What a COPY asks for; None when the statement is none.

    Raises:
        Refused: Redshift would refuse its parameters.
    """
    if not re.match(r"\s*copy\b", statement, re.IGNORECASE):
        return None
    match = _COPY.fullmatch(statement.strip().rstrip(";"))
    if match is None:
        raise Refused("COPY takes its rows from S3 alone here")
    options = {option.split()[0].lower(): " ".join(option.split()) for option in _options(match["options"])}
    if not _ROLE.fullmatch(options.pop("iam_role", "")):
        raise Refused("COPY needs IAM_ROLE with the ARN of a role, or DEFAULT")
    if options.pop("format", "").lower().split()[-1:] != ["parquet"]:
        raise Refused("COPY takes FORMAT AS PARQUET alone here")
    if options.pop("manifest", None) is None:
        raise Refused("COPY takes a MANIFEST alone here")
    if options:
        raise Refused(f"{next(iter(options)).upper()} argument is not supported for PARQUET based COPY")
    columns = tuple(name.strip().strip('"') for name in (match["columns"] or "()")[1:-1].split(",") if name.strip())
    return Copy(match["table"], columns, match["bucket"], match["key"])


def _options(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        match = _OPTION.match(text, place)
        if match is None:
            raise Refused(f"syntax error in COPY at {text[place:].strip()[:40]}")
        yield match[1]
        place = match.end()


def rows(copy: Copy, columns: Sequence[tuple[str, str]], objects: Objects) -> bytes:
    """The rows of the files that a manifest names, as CSV for a table with these columns (name, PostgreSQL's type).

    Raises:
        Refused: the manifest or a file is not as Redshift wants it.
    """
    sink = io.BytesIO()
    for bucket, key, size in _entries(copy, objects):
        table = pq.read_table(io.BytesIO(_body(objects, bucket, key, size)))
        _must_fit(table.schema, columns, key)
        pa.csv.write_csv(table, sink, pa.csv.WriteOptions(include_header=False))
    return sink.getvalue()


def _entries(copy: Copy, objects: Objects) -> Iterator[tuple[str, str, int]]:
    try:
        entries = json.loads(_body(objects, copy.bucket, copy.key, None))["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("Problem reading manifest file: it is no JSON with entries") from error
    if not entries:
        raise Refused("No entries in the manifest file")
    for entry in entries:
        url = re.fullmatch(r"s3://([^/]+)/(.+)", str(entry.get("url")))
        size = (entry.get("meta") or {}).get("content_length")
        if url is None:
            raise Refused("a manifest entry has no url of an object in S3")
        if not isinstance(size, int) or isinstance(size, bool):
            raise Refused("Manifest file must contain content_length for each entry of PARQUET based COPY")
        yield url[1], url[2], size


def _body(objects: Objects, bucket: str, key: str, size: int | None) -> bytes:
    try:
        body = bytes(objects.get_object(Bucket=bucket, Key=key)["Body"].read())
    except (ClientError, FileNotFoundError) as error:
        raise Refused(f"The specified S3 prefix '{key}' does not exist") from error
    if size is not None and len(body) != size:
        raise Refused(f"Spectrum Scan Error: {key} has {len(body)} bytes and content_length says {size}")
    return body


def _must_fit(schema: pa.Schema, columns: Sequence[tuple[str, str]], key: str) -> None:
    if len(schema) != len(columns):
        raise Refused(f"Spectrum Scan Error: {key} has {len(schema)} columns and the table {len(columns)}")
    for field, (name, kind) in zip(schema, columns, strict=True):
        wanted = _TYPES.get(kind.split("(")[0])
        if str(field.type) != wanted:
            raise Refused(f"Spectrum Scan Error: {key}: column {name} is {kind}, the file has {field.type}")
