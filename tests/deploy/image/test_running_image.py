"""The built image's processes, as an orchestrator runs them: user 10001, root read-only, process 1, SIGTERM.

Runs on the images that `make image` left in the store that TEST_IMAGE names; `make test-image` sets it.
"""

import asyncio
import json
import os
import re
import resource
import stat
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from deploy.image.build_image import NAME, VARIANTS, Buildah, missing

from tests.builders import base64_key, body, card_number
from tests.deploy.image.container import IMAGE_ENVIRONMENT, USER, Container, container
from tests.deploy.templates import container as container_of
from tests.deploy.templates import of_type
from tests.txn_cli.stack.told_children import wait_until
from txn_cli.stack import ports
from txn_core.api_keys import ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

ROOT = Path(__file__).parents[3]
STORE = os.environ.get("TEST_IMAGE")
WAIT_S_MAX = 120.0
ENDS_S_MAX = 30.0
HEALTH_CPU_S_MAX = 0.2
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
WORKERS = {"index": ("index",), "archive": ("index", "archive"), "score": ("index", "archive", "score")}
needs_image = pytest.mark.skipif(
    STORE is None or missing() is not None, reason="no image: run `make image` and `make test-image` as root"
)


def test_the_environment_of_trials_is_that_of_the_image() -> None:
    """But for what the image says of addresses, which is another's on this machine."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
        assert f"{name}={IMAGE_ENVIRONMENT[name]}" in dockerfile
    assert IMAGE_ENVIRONMENT["PATH"].startswith("/opt/txn/bin:")
    assert f"\nUSER {USER}:{USER}\n" in dockerfile


def test_the_volume_of_tasks_is_one_of_the_image() -> None:
    """ECS takes owner and mode of a volume from a VOLUME of the very same path (ECS Developer Guide, bind mounts)."""
    (volume,) = re.findall(r"^VOLUME (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    tasks = [task for stack in ("service", "warehouse") for task in of_type(stack, TASK_DEFINITION).values()]
    paths = {point["ContainerPath"] for task in tasks for point in container_of(task)["MountPoints"]}
    assert tasks
    assert paths == set(json.loads(volume)) == {"/tmp"}
    behind = (ROOT / "Dockerfile").read_text().partition("\nVOLUME")[2]
    assert not re.search(r"^(RUN|COPY|ADD) ", behind, re.MULTILINE)


@pytest.fixture(params=[variant.tag for variant in VARIANTS])
def image(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """A size of the image, and the folder of its files."""
    with Buildah(Path(STORE or "")).mounted(f"localhost/{NAME}:{request.param}") as folder:
        yield request.param, folder


def _given(settings: Settings) -> dict[str, str]:
    """The environment of every process: settings and credentials, as a task definition gives them."""
    names = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    return {
        **{f"TXN_{name.upper()}": str(getattr(settings, name)) for name in names},
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_") and "FILE" not in name},
        "TXN_CARD_KEYS": f'{{"1": "{base64_key(1)}"}}',
        "TXN_IDENTITY_KEY": base64_key(2),
        "TXN_CURSOR_KEY": base64_key(3),
        "TXN_DEAD_LETTER_KEY": base64_key(4),
        "TXN_ARCHIVE_FLUSH_AGE_S": "1",
        "TXN_TARGET": "aws",
    }


async def _headers(settings: Settings) -> dict[str, str]:
    kept, presented = mint(account=Account("acme"), scopes=("transactions:write", "transactions:read"))
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys).put(kept)
    return {"Authorization": f"Bearer {presented}"}


async def _until_healthy(started: Container, environment: Mapping[str, str]) -> None:
    """The image's own health check finds the process alive, and is cheap."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            asked = await asyncio.to_thread(started.execute, "txn", "health", environment=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if asked.returncode == 0:
                assert asked.stdout == "healthy\n"
                assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < HEALTH_CPU_S_MAX
                return
            assert started.outer.poll() is None, started.log.read_text()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S_MAX):
        while not await holds():  # noqa: ASYNC110 - other processes make it hold
            await asyncio.sleep(0.1)


async def _until_drained(settings: Settings, workers: tuple[str, ...]) -> None:
    """An object is in the lake, and a row in the table of scores, where the image has who writes them."""
    async with Aws(settings).s3() as s3, Aws(settings).dynamodb() as dynamodb:

        async def is_archived() -> bool:
            listed = await s3.list_objects_v2(Bucket=settings.lake_bucket, Prefix="raw/")
            return "Contents" in listed

        async def is_scored() -> bool:
            return bool((await dynamodb.scan(TableName=TableNames.of(settings).scores, Limit=1))["Items"])

        if "archive" in workers:
            await _until(is_archived)
        if "score" in workers:
            await _until(is_scored)


@needs_image
async def test_its_processes_run_and_end_in_order(
    image: tuple[str, Path], settings: Settings, tmp_path: Path
) -> None:
    """A post is durable, indexed, archived and scored by what the image holds, and each process ends with 0."""
    tag, folder = image
    await bootstrap(settings)
    headers, given = await _headers(settings), _given(settings)
    api_port = ports.choose()
    with ExitStack() as stack:

        def start(name: str, *command: str, **more: str) -> tuple[Container, dict[str, str]]:
            environment = given | more
            log = tmp_path / f"{name}.log"
            return stack.enter_context(container(folder, log, "txn", *command, environment=environment)), environment

        running = [start("api", "api", TXN_API_PORT=str(api_port))]
        running += [start(kind, "worker", kind, TXN_WORKER_METRICS_PORT=str(ports.choose())) for kind in WORKERS[tag]]
        for started, environment in running:
            await _until_healthy(started, environment)
        url = f"http://127.0.0.1:{api_port}"
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            posted = await client.post(
                "/transactions", json=body(transaction_id="image-post-1", card_number=card_number(1))
            )
            assert posted.status_code == 202, posted.text

            async def is_indexed() -> bool:
                return (await client.get("/transactions/image-post-1")).status_code == 200

            await _until(is_indexed)
        await _until_drained(settings, WORKERS[tag])
        for started, environment in running:
            _assert_confined(started, environment)
        for started, _ in running:
            code, seconds = started.end()
            assert (code, seconds < ENDS_S_MAX) == (0, True), started.log.read_text()


def _assert_confined(started: Container, environment: Mapping[str, str]) -> None:
    status = started.status()
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(USER)}
    assert re.split(r"\s+", status["NSpid"])[-1] == "1"
    assert status["Groups"] == ""
    written = started.execute("python", "-c", "open('/opt/txn/x', 'w')", environment=environment)
    assert "Read-only file system" in written.stderr


@needs_image
def test_sigterm_during_the_start_ends_process_1(image: tuple[str, Path], tmp_path: Path) -> None:
    """The kernel drops signals of process 1 without a handler: the command has one before it imports anything."""
    _, folder = image
    nobody = f"http://127.0.0.1:{ports.choose()}"
    environment = {f"TXN_{name}_ENDPOINT_URL": nobody for name in ("KINESIS", "DYNAMODB", "S3")}
    environment |= {"TXN_DEAD_LETTER_KEY": base64_key(4), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    environment |= {"TXN_TARGET": "aws", "PYTHONVERBOSE": "1"}
    with container(folder, tmp_path / "log", "txn", "worker", "index", environment=environment) as started:
        wait_until(lambda: "/txn_cli/main.py" in started.log.read_text())
        code, seconds = started.end()
        assert (code, seconds < ENDS_S_MAX) == (0, True), started.log.read_text()[-2_000:]


@needs_image
def test_no_file_of_it_gains_rights_and_no_key_is_in_it(image: tuple[str, Path]) -> None:
    """What the image adds to its base belongs to root, can be written by root alone, and holds no settings of pip."""
    _, folder = image
    added = folder / "opt" / "txn"
    for path in added.rglob("*"):
        status = path.lstat()
        assert status.st_uid == 0, path
        if not path.is_symlink():
            assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH | stat.S_IWGRP), path
    for name in ("pip", "setuptools"):
        assert not list(added.rglob(f"site-packages/{name}/")), name
    for name in ("etc/pip.conf", "root/.config/pip/pip.conf"):
        assert not (folder / name).is_file() or (folder / name).read_bytes() == b"", name
