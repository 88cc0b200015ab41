"""`txn train`: a signed model from transactions with labels, of a file or of the lake (docs/fraud.md)."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.commands.since import span_of
from txn_cli.fraud.model_folder import write_folder
from txn_cli.fraud.model_keys import training_key
from txn_cli.terminal import say, say_document

FileOption = Annotated[str | None, typer.Option("--file", help="File with rows as CSV, plain or packed.")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Of the lake: what arrived from here on, an RFC 3339 time or 30d.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Of the lake: to before here.", show_default="now")]


def train(
    *,
    file: FileOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    delay: Annotated[
        str | None,
        typer.Option(
            help="How late labels come, such as 7d: younger rows are not used.", show_default="7d; 0 of a file"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model; it must not hold another one.")],
    alerts_a_day: Annotated[
        int | None,
        typer.Option(
            "--alerts-a-day", min=1, help="How many alerts reviewers can take.", show_default="1 % of the rows"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same rows and seed make the same bytes.")] = 1,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Train a model, calibrate it, and say what it does on days and cards that it has not seen.

    The last quarter of the days judges and steers nothing. The folder holds the model and report.json.
    """
    if (file is None) == (begin is None):
        raise typer.BadParameter("give --file, or --from and --to of the lake")
    if file is not None and end is not None:
        raise typer.BadParameter("--to goes with --from")
    from fraud.training.training import Request  # noqa: PLC0415 - the extra `train`
    from fraud.training.training import train as trained_on  # noqa: PLC0415 - the same

    delay_s = _seconds(delay if delay is not None else "0d" if file else "7d")
    write_folder(out, None)
    rejected = 0
    if file is not None:
        from txn_cli.fraud.labelled_file import LabelledFile  # noqa: PLC0415 - the extra

        source = LabelledFile(file)
        key = training_key(data_dir)
        request = Request(f"file {Path(file).name}"[:200], delay_s, None, alerts_a_day, seed, key=key)
        made = trained_on(source.rows(), request)
        rejected = source.rejected
    else:
        now = datetime.now(UTC)
        first, last = span_of(begin or "", end, now)
        settings = system_at(data_dir, aws=aws).settings
        from txn_cli.fraud.lake_rows import lake_rows  # noqa: PLC0415 - the extra

        rows = asyncio.run(lake_rows(settings, first, last, known_by=last)).asked
        key = settings.signs_models or training_key(data_dir)
        request = Request(
            f"lake {first:%FT%TZ} {last:%FT%TZ}", delay_s, int(last.timestamp()), alerts_a_day, seed, key=key
        )
        made = trained_on(rows, request)
    document = {**made.document(), "rejected": rejected}
    report = json.dumps(document, indent=1).encode() + b"\n"
    write_folder(out, {**made.files, "report.json": report})
    if as_json:
        say_document(document)
        return
    say(
        f"Trained {made.model_id} on {made.training.rows:,} rows with {made.training.frauds:,} frauds; it is in {out}"
    )
    for kind, each in made.estimates.items():
        ap = each.average_precision
        say(f"  {kind.replace('_', ' ')}: average precision {ap.value:.3f} ({ap.low:.3f} to {ap.high:.3f})")
    if rejected:
        say(f"{rejected:,} rows were damaged and not used")
    say(f"Let it score: txn models activate {out}")


def _seconds(text: str) -> int:
    if (match := re.fullmatch(r"([0-9]{1,5})([smhd])", text)) is None:
        raise typer.BadParameter("give a duration such as 7d, 12h or 0d", param_hint="--delay")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[match[2]]
