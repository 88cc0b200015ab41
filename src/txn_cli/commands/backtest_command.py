"""`txn backtest`: what models and rules would have said of transactions whose labels are known (docs/fraud.md)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud.model.model import Model
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.commands.since import AsOfOption, moment_of, span_of
from txn_cli.commands.train_command import FileOption, FromOption, ToOption
from txn_cli.fraud.backtest_run import BacktestRun
from txn_cli.fraud.named_model import named_model
from txn_cli.fraud.written_rules import compiled_rules, read_rules
from txn_cli.terminal import say, say_document

if TYPE_CHECKING:
    from fraud.rules.rule_backtest import RuleBacktest
    from fraud.training.labelled import Labelled
    from txn_cli.fraud.labelled_file import LabelledFile


def backtest(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Folder of a model, or `shipped`; again for challengers of the first."),
    ] = None,
    rules: Annotated[
        str | None, typer.Option("--rules", help="File of rules, as TOML; their score is the first model's.")
    ] = None,
    file: FileOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    score_from: Annotated[
        str | None,
        typer.Option("--score-from", help="Measure what happened from here on; earlier rows only fill histories."),
    ] = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Score transactions one by one as the scorer does, and compare with their labels. The same JSON every time.

    A model that was trained on these very rows looks better than it is: name rows behind its training. Of the lake,
    37 days before --from fill the cards' histories.
    """
    if (file is None) == (begin is None):
        raise typer.BadParameter("give --file, or --from and --to of the lake")
    if file is not None and end is not None:
        raise typer.BadParameter("--to goes with --from")
    if not model and rules is None:
        raise typer.BadParameter("give --model, --rules, or both")
    now = datetime.now(UTC)
    first = moment_of(score_from, now) if score_from else None
    last = moment_of(as_of, now) if as_of else None
    models = [named_model(name, data_dir) for name in model or ()]
    run = BacktestRun(models, None if rules is None else _rule_backtest(rules, models[0] if models else None))
    if file is not None:
        from txn_cli.fraud.labelled_file import LabelledFile  # noqa: PLC0415 - where asked alone

        source = LabelledFile(file)
        run.take(_of_file(source, first, last))
        run.rejected = source.rejected
    else:
        since, till = span_of(begin or "", end, now)
        known_by = last or now
        system = system_at(data_dir, aws=aws)
        from txn_cli.fraud.lake_rows import HORIZON, lake_rows  # noqa: PLC0415 - the extra `lake`

        before, asked = asyncio.run(
            lake_rows(system.settings, since, min(till, known_by), known_by=known_by, history=HORIZON)
        )
        run.take((row, False) for row in before)
        run.take((row, _is_from(row, first)) for row in asked)
    if as_json:
        say_document(run.document())
    else:
        say(*run.lines())


def _rule_backtest(rules: str, model: Model | None) -> "RuleBacktest":
    from fraud.rules.rule_backtest import RuleBacktest  # noqa: PLC0415 - the extra `score`

    return RuleBacktest(compiled_rules(read_rules(Path(rules))), model)


def _of_file(
    source: "LabelledFile", first: datetime | None, last: datetime | None
) -> "Iterator[tuple[Labelled, bool]]":
    """The rows of a file up to a moment, each with whether it is counted."""
    for row in source.rows():
        if last is None or row.at_s < last.timestamp():
            yield row, _is_from(row, first)


def _is_from(row: "Labelled", first: datetime | None) -> bool:
    return first is None or row.at_s >= first.timestamp()
