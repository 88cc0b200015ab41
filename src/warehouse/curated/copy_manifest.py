"""The manifest by which Redshift copies files of the curated table (COPY ... FORMAT PARQUET MANIFEST).

Each file is named with its length, which COPY asks for where files are Parquet. A file may hold rows of appends that
were loaded before: copy into a staging table, and take the rows whose `commit_number` is wanted.
"""

from collections.abc import Collection
from typing import Any

from warehouse.curated.table import Snapshot


def copy_manifest(snapshot: Snapshot, bucket: str, appends: Collection[int] | None = None) -> dict[str, Any]:
    """The manifest of the files with the rows of some append commits, or of all."""
    files = snapshot.files_of(snapshot.appends if appends is None else appends)
    return {
        "entries": [
            {"url": f"s3://{bucket}/{file.key}", "mandatory": True, "meta": {"content_length": file.bytes}}
            for file in files
        ]
    }
