"""What the image lacks of its packages: nothing that its processes load, and no less than the rules say."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from deploy.image.trim import RULES, SERVICES, Rule, TrimError, trim

ROOT = Path(__file__).parents[3]
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
PACKAGES = sorted({rule.package for rule in RULES})
REMOVED_MB_MIN = 110
LOADED = """
import importlib, pkgutil, sys
sys.path.insert(0, FARM)
import asyncio, io
import aiobotocore.session, boto3, pyarrow as pa, pyarrow.parquet as pq
import fraud, operations, txn_api, txn_core, txn_server, workers
from fraud.rules.language import compiled, environment

compiled(environment({}), "amount > 20000")
for package in (operations, txn_api, txn_core, txn_server, workers, fraud):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.startswith(("fraud.training", "fraud.evaluation")) and "__main__" not in module.name:
            importlib.import_module(module.name)
file = io.BytesIO()
pq.write_table(pa.table({"at": pa.array([1], pa.timestamp("us", "UTC"))}), file, compression="zstd")
assert pq.read_table(io.BytesIO(file.getvalue())).num_rows == 1

async def clients():
    session = aiobotocore.session.get_session()
    for service in SERVICES:
        async with session.create_client(service, region_name="eu-central-1") as client:
            assert client.meta.endpoint_url.startswith("https://"), service
asyncio.run(clients())
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] in PACKAGES and getattr(module, "__file__", None):
        assert module.__file__.startswith(FARM), name
print("loaded")
"""


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages that rules name, file by file the same ones by a further link."""
    folder = tmp_path_factory.mktemp("site-packages")
    for package in PACKAGES:
        for path in sorted((SITE_PACKAGES / package).rglob("*")):
            linked = folder / path.relative_to(SITE_PACKAGES)
            if path.is_dir():
                linked.mkdir(parents=True, exist_ok=True)
            elif "__pycache__" not in path.parts:
                linked.parent.mkdir(parents=True, exist_ok=True)
                _link(path, linked)
    return folder


def _link(path: Path, linked: Path) -> None:
    try:
        os.link(path, linked)
    except OSError:  # another file system
        linked.write_bytes(path.read_bytes())


def test_what_the_processes_load_is_there_after_the_trim(farm: Path) -> None:
    """All modules of API, workers, scorer; a Parquet file; a client of each service."""
    removed = trim(farm)
    assert removed > REMOVED_MB_MIN * 1_000_000
    told = f"FARM, SERVICES, PACKAGES = {str(farm)!r}, {sorted(SERVICES)!r}, {PACKAGES!r}\n"
    loaded = subprocess.run(
        [sys.executable, "-c", told + LOADED], capture_output=True, text=True, check=False, timeout=200
    )
    assert (loaded.returncode, loaded.stdout) == (0, "loaded\n"), loaded.stderr


def test_the_services_are_those_that_the_source_calls() -> None:
    called = {
        service
        for path in (ROOT / "src").rglob("*.py")
        for service in re.findall(r'[._](?:create_)?client\(\s*"([a-z0-9-]+)"', path.read_text())
    }
    assert {"kinesis", "dynamodb", "s3", "sts"} <= called <= SERVICES


def _package(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / "wide" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("12345678")
    return folder


def test_files_and_folders_go_and_kept_names_stay(tmp_path: Path) -> None:
    site = _package(tmp_path, "data/one/a.json", "data/two/a.json", "data/all.json", "module.py", "tests/t.py")
    assert trim(site, (Rule("wide", ("data/*/", "tests"), kept=frozenset({"two"})),)) == 16
    left = sorted(path.relative_to(site / "wide").as_posix() for path in site.rglob("*") if path.is_file())
    assert left == ["data/all.json", "data/two/a.json", "module.py"]


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    site = _package(tmp_path, "module.py")
    with pytest.raises(TrimError, match="wide: gone/ matches nothing"):
        trim(site, (Rule("wide", ("gone/",)),))


def test_a_rule_rests_without_its_package_and_with_one_that_needs_it(tmp_path: Path) -> None:
    site = _package(tmp_path, "module.py")
    (tmp_path / "needy").mkdir()
    rules = (Rule("absent", ("*",)), Rule("wide", ("module.py",), unless="needy"))
    assert trim(site, rules) == 0
    assert (site / "wide" / "module.py").exists()
