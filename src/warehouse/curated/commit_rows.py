"""From the bytes of raw objects to the files of one append commit, in memory: a group of rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
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
    group: list[tuple[RawObject, pa.Table]] = []
    named: list[pa.Table] = []

    def write(objects: Sequence[tuple[RawObject, pa.Table]]) -> None:
        """Write the rows of objects; of several that do not go together, each by itself."""
        try:
            raw = one_table(table for _, table in objects)
            curated, vault = transformation.curated(raw, number), transformation.vault(raw, number)
        except (MemoryError, duckdb.OutOfMemoryException):  # says nothing of the objects
            raise
        except (pa.ArrowException, duckdb.Error, ValueError) as error:
            for each in objects if len(objects) > 1 else ():
                write([each])
            if len(objects) == 1:
                made.unreadable[objects[0][0].key] = type(error).__name__
            return
        writer.write(curated)
        named.append(vault)
        made.raw.extend(about for about, _ in objects)

    for each in _tables(bodies, made.unreadable):
        group.append(each)
        if sum(about.rows for about, _ in group) >= group_rows:
            write(group)
            group.clear()
    if group:
        write(group)
    writer.finish()
    made.data = writer.files
    if named and (vault := once(named)).num_rows:
        made.vault = [vault_file(vault, (number,))]
    return made


def _tables(bodies: Mapping[str, bytes], unreadable: dict[str, str]) -> Iterator[tuple[RawObject, pa.Table]]:
    """The objects that can be read; of the others it is noted why they cannot."""
    for key, body in bodies.items():
        try:
            table = raw_table(body)
        except UnreadableObjectError as error:
            unreadable[key] = str(error)
        else:
            yield RawObject(key, table.num_rows, len(body)), table
