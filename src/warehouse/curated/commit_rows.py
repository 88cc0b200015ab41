"""From the bytes of raw objects to the files of one append commit, in memory: a group of rows at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from warehouse.curated.raw_tables import UnreadableObjectError, one_table, raw_table
from warehouse.curated.table import NewFile, RawObject
from warehouse.curated.table_files import GROUP_ROWS, FileWriter, once, vault_file
from warehouse.curated.transformation import Transformation


@dataclass(slots=True)
class CommitRows:
    """What an append commit takes and brings; `unreadable` says why it leaves some objects out."""

    raw: list[RawObject] = field(default_factory=list)
    data: list[NewFile] = field(default_factory=list)
    vault: list[NewFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def rows_of(
    bodies: Mapping[str, bytes], number: int, transformation: Transformation, group_rows: int = GROUP_ROWS
) -> CommitRows:
    """The files of the append commit of a number, of the objects with these keys and bytes."""
    made, writer = CommitRows(), FileWriter((number,))
    group: list[pa.Table] = []
    named: list[pa.Table] = []

    def write_group() -> None:
        raw = one_table(group)
        writer.write(transformation.curated(raw, number))
        named.append(transformation.vault(raw, number))
        group.clear()

    for key, body in bodies.items():
        try:
            table = raw_table(body)
        except UnreadableObjectError as error:
            made.unreadable[key] = str(error)
            continue
        made.raw.append(RawObject(key, table.num_rows, len(body)))
        group.append(table)
        if sum(each.num_rows for each in group) >= group_rows:
            write_group()
    if group:
        write_group()
    writer.finish()
    made.data = writer.files
    if named and (vault := once(named)).num_rows:
        made.vault = [vault_file(vault, (number,))]
    return made
