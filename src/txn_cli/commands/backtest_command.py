"""`txn backtest`: what a model would have said of transactions whose labels are known (docs/fraud.md)."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud.evaluation.backtest import Backtest
from fraud.evaluation.intervals import Estimate
from fraud.model.loading import files_of, load_model
from fraud.model.model import Model
from fraud.model.shipped import shipped_files
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.commands.train_command import FileOption, FromOption, ToOption, lake_rows
from txn_cli.fraud.model_keys import signing_keys
from txn_cli.terminal import say, say_document

if TYPE_CHECKING:
    from fraud.training.labelled import Labelled


def backtest(
    *,
    model: Annotated[
        list[str],
        typer.Option("--model", help="Folder of a model, or `shipped`; twice for a champion and a challenger."),
    ],
    file: FileOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    score_from: Annotated[
        str | None,
        typer.Option("--score-from", help="Measure from this time on; earlier rows only fill histories."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As it was known then: later rows are left out.", show_default="now")
    ] = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Score transactions one by one as the scorer does, and compare with their labels. The same JSON every time.

    A model that was trained on these very rows looks better than it is: name rows behind its training.
    """
    if (file is None) == (begin is None):
        raise typer.BadParameter("give --file, or --from and --to of the lake")
    now = datetime.now(UTC)
    first = moment_of(score_from, now) if score_from else None
    last = moment_of(as_of, now) if as_of else None
    tests = {name: Backtest(_model(name, data_dir), _seconds(first), _seconds(last)) for name in model}
    for row in _rows(file, begin, end, data_dir, aws=aws):
        for each in tests.values():
            each.add(row.observation, is_fraud=row.is_fraud)
    document = {"backtests": [{"model": each.model.id, **each.document()} for each in tests.values()]}
    if as_json:
        say_document(document)
        return
    for name, each in tests.items():
        found = each.estimates()
        say(f"{name} ({each.model.id}): {found.rows:,} rows, {found.frauds:,} frauds")
        say(f"  average precision {_shown(found.average_precision)}, recall at 0.1 % {_shown(found.recall_at_fpr)}")
        say(f"  {each.alerts:,} alerts, {each.alerts_a_day():,.1f} a day; of {each.fraud_minor / 100:,.2f} in frauds "
            f"{each.caught_minor / 100:,.2f} alerted")  # fmt: skip


def _model(name: str, data_dir: Path | None) -> Model:
    files = shipped_files() if name == "shipped" else files_of(Path(name))
    return load_model(files, signing_keys(data_dir))


def _rows(
    file: str | None, begin: str | None, end: str | None, data_dir: Path | None, *, aws: bool
) -> "Iterable[Labelled]":
    if file is not None:
        from txn_cli.fraud.labelled_file import LabelledFile  # noqa: PLC0415 - where asked alone

        return LabelledFile(file).rows()
    now = datetime.now(UTC)
    settings = system_at(data_dir, aws=aws).settings
    return asyncio.run(lake_rows(settings, moment_of(begin or "", now), moment_of(end, now) if end else now))


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
