"""Options that say how a file with rows is to be read."""

from typing import Annotated

import typer

from ingest.layouts.catalogue import packaged_layouts

FileArgument = Annotated[
    str,
    typer.Argument(
        help="File with rows as CSV, plain or packed (gz, bz2, xz, zst, or a zip archive); - is standard input."
    ),
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        "--layout",
        help="Which columns the file has: "
        + "; ".join(f"{layout.name} ({layout.about})" for layout in packaged_layouts())
        + "; or the path of a TOML file (docs/loading.md).",
        show_default="told by the header",
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="LAYOUT=FILE",
        help="The file's name for a column of the layout, such as amt=amount; nothing after = if it has none.",
        show_default=False,
    ),
]
SeparatorOption = Annotated[
    str | None, typer.Option("--separator", help="What separates cells: , ; | tab", show_default="the layout's")
]
MemberOption = Annotated[
    str | None,
    typer.Option(
        "--member", help="Name of the file to read in a zip archive.", show_default="the only one with rows"
    ),
]
