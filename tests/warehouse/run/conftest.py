"""dbt in one process for all builds of a file: it takes 4 seconds of CPU time to import."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.warehouse.run import dbt_session
from warehouse.dbt.environment import own_environment


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program that does what `dbt` does."""
    environment = own_environment()
    if not environment.is_current:
        pytest.skip("dbt is not installed: make setup")
    folder = Path(mkdtemp(prefix="dbt"))  # short, as the paths of sockets have to be
    socket, program = folder / "socket", folder / "dbt"
    program.write_text(dbt_session.CLIENT.format(python=sys.executable, socket=str(socket)))
    program.chmod(0o700)
    log = (tmp_path_factory.mktemp("dbt") / "session.log").open("wb")
    session = subprocess.Popen(
        (environment.folder / "bin/python", dbt_session.__file__, socket),
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=folder,
    )
    try:
        assert session.stdout is not None
        assert session.stdout.readline() == b"ready\n"
        yield program
    finally:
        session.kill()
        session.communicate()
        log.close()
