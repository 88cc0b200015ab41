"""`txn labels load`: what became known of transactions, from a file."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from fraud.records.label import LabelSource, LabelValue
from ingest.api_client.client import ApiClient
from ingest.api_client.replies import Problem, UnavailableError
from txn_cli.api_client.presented_key import ApiKeyFileOption, ApiKeyOption, presented_key
from txn_cli.api_client.target import Target
from txn_cli.commands.data import UrlOption
from txn_cli.commands.place import JsonOption, StackOption, announce
from txn_cli.exit_codes import LOADING, Outcome, UnsettledError
from txn_cli.labels.label_file import labels_of
from txn_cli.output.named import Named
from txn_cli.terminal import say, say_document

LABELS_A_REQUEST: Final = 5_000
SHOWN_MAX: Final = 10
labels = typer.Typer(help="Labels of transactions: what became known of them, such as chargebacks.")


@labels.callback()
def _labels() -> None:
    """Labels of transactions: what became known of them, such as chargebacks."""


@labels.command()
def load(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV with a header, or NDJSON; also with .gz.")],
    *,
    value: Annotated[str, typer.Option(help="What rows say that have no `value`: fraud or legitimate.")] = "fraud",
    source: Annotated[str, typer.Option(help="Who says it in rows that have no `source`.")] = "chargeback",
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Label transactions from a file, such as a list of chargebacks; to load it again changes nothing.

    Exit code 0 when all were taken, 3 when some were rejected, 4 when the outcome of some is unknown.
    """
    for given, known, option in ((value, LabelValue, "--value"), (source, LabelSource, "--source")):
        if given not in (names := known.__args__):  # type: ignore[attr-defined] # of a Literal
            raise typer.BadParameter(f"{option} is one of {', '.join(names)}")
    target = Target.of(url=url, api_key=presented_key(api_key, api_key_file, url=url), named=Named(data_dir))
    announce(target.where)
    taken, problems = asyncio.run(_load(target, labels_of(Path(file), value=value, source=source)))
    rejected = {line: each for line, each in problems.items() if not each.may_pass_later}
    unknown = len(problems) - len(rejected)
    if as_json:
        told = [{"line": line, "code": each.code} for line, each in problems.items()]
        say_document({"labelled": taken, "rejected": len(rejected), "unknown": unknown, "problems": told})
    else:
        say(f"{taken:,} labelled, {len(rejected):,} rejected, {unknown:,} unknown")
        for line, each in islice(problems.items(), SHOWN_MAX):
            say(f"line {line}: {', '.join(f'{f.pointer} {f.message}'.strip() for f in each.faults) or each.title}")
    outcome = Outcome.UNSETTLED if unknown else Outcome.REJECTED if rejected else Outcome.DONE
    raise typer.Exit(LOADING[outcome])


async def _load(target: Target, labels: Iterable[tuple[int, bytes]]) -> tuple[int, dict[int, Problem]]:
    """How many labels were taken, and by the lines of the file why others were not.

    Raises:
        UnsettledError: the service could not be reached in the middle.
    """
    taken, problems, left = 0, dict[int, Problem](), iter(labels)
    async with ApiClient.connect(target.url, target.api_key) as client:
        await client.reach()
        while rows := list(islice(left, LABELS_A_REQUEST)):
            try:
                answer = await client.post_bulk([body for _, body in rows], "/labels/bulk")
            except UnavailableError as error:
                raise UnsettledError(f"{error}: {taken:,} are labelled; load the file again, which is safe") from None
            problems |= {rows[number - 1][0]: problem for number, problem in answer.problems.items()}
            taken += answer.read - len(answer.problems)
            if answer.read < len(rows):
                raise UnsettledError(f"the service took {taken:,} labels and no more; load the file again")
    return taken, problems
