"""Where a running stack's words and writings are, and the search of all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from devkit.running_stack import RunningStack

from tests.canary import stores
from tests.canary.crashes import ready_of
from tests.support.card_search import CardSearch, search_files, search_objects, search_streams, search_tables
from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Scene:
    """A stack as it stands now; its process ids change with each restart."""

    data_dir: Path
    ready: Mapping[str, Any]
    settings: Settings
    answers: Mapping[str, bytes]
    metrics: Mapping[str, str]
    pids: Mapping[str, int]
    output: Sequence[bytes]

    @classmethod
    def of(cls, stack: RunningStack, answers: Mapping[str, bytes]) -> Self:
        """The scene of a stack, with what was answered until now."""
        ready, data_dir = ready_of(stack.data_dir), stack.data_dir
        settings = attach(DataDir.at(data_dir))
        assert settings is not None
        metrics = stores.metrics_urls(data_dir, ready)
        return cls(data_dir, ready, settings, answers, metrics, ready["pids"], list(stack.output))


async def search_scene(search: CardSearch, scene: Scene) -> None:
    """Search whatever the stack has written, said and kept."""
    stores.search_answers(search, scene.answers)
    stores.search_metrics(search, scene.metrics)
    stores.search_processes(search, scene.pids)
    await search_streams(search, scene.ready)
    await search_tables(search, scene.ready)
    await search_objects(search, scene.ready)
    await stores.search_letters(search, scene.settings)
    for number, text in enumerate(scene.output):
        search.look("output of commands", str(number), text)
    stores.search_logs(search, scene.data_dir, ())
    search_files(search, scene.data_dir)


async def search_for_foreign(search: CardSearch, scene: Scene) -> None:
    """The stream is the foreign producer's own doing; nothing that we make of it may show the number.

    What is sealed may: opened letters are searched apart, and there the number must be.
    """
    stores.search_metrics(search, scene.metrics)
    await search_streams(search, scene.ready, but=scene.ready["stream"])
    await search_tables(search, scene.ready)
    await search_objects(search, scene.ready)
    for number, text in enumerate(scene.output):
        search.look("output of commands", str(number), text)
