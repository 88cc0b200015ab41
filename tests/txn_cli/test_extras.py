"""What an extra brings is asked for where it is needed, in one line with the remedy, and nowhere else."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from importlib.util import find_spec

import pytest

from tests.builders import base64_key
from tests.first_call.test_locks import extras, names
from txn_cli import main
from txn_cli.extras import EXTRA_OF, of_import
from txn_cli.main import COMMANDS

_WITHOUT = """
import sys
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Lacking())
sys.argv = ["txn", *{arguments!r}]
from txn_cli.main import main
main()
"""


def without_extras(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in an interpreter to which no module of an extra is installed."""
    script = _WITHOUT.format(modules=set(EXTRA_OF), arguments=arguments)
    environment = {
        "HOME": "/nonexistent",
        "TXN_DEAD_LETTER_KEY": base64_key(4),
        **{f"TXN_{name}_ENDPOINT_URL": "http://127.0.0.1:1" for name in ("KINESIS", "DYNAMODB", "S3")},
        **dict.fromkeys(("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "a"),
    }
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.parametrize("extra", extras())
def test_every_module_of_an_extra_is_known(extra: str) -> None:
    """So that no import of one ends in a traceback."""
    of = {module: {name.lower() for name in found} for module, found in packages_distributions().items()}
    for library in names(extras()[extra]):
        modules = {module for module, distributions in of.items() if library in distributions}
        modules = {module for module in modules if module.isidentifier() and not module.startswith("_")}
        modules = {module for module in modules if find_spec(module)}  # cel-expr-python names folders of its build
        assert modules <= EXTRA_OF.keys()


def test_a_module_of_a_package_names_its_extra() -> None:
    assert "pip install '.[lake]'" in (of_import(ModuleNotFoundError(name="pyarrow.parquet")) or "")


@pytest.mark.parametrize("name", ["pyarrows", "txn_core.pyarrow", None])
def test_another_module_is_no_extra_s(name: str | None) -> None:
    assert of_import(ModuleNotFoundError(name=name)) is None


def test_every_command_is_there_without_extras() -> None:
    """The help has all of their modules imported."""
    done = without_extras("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f" {name} " in done.stdout for commands in COMMANDS.values() for name in commands)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("worker archive", "lake"),
        ("worker index --from-lake", "lake"),
        ("reconcile --since 1h", "lake"),
        ("demo", "lake"),
        ("sql q01", "warehouse"),
        ("verify --url http://127.0.0.1:1 --api-key x /dev/null", "lake"),
    ],
)
def test_a_command_that_lacks_an_extra_ends_in_one_line_with_the_remedy(command: str, extra: str) -> None:
    done = without_extras(*command.split())
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert re.match(rf"txn: \w+ is not installed, which the extra `{extra}` brings: pip install ", last)
    assert "Traceback" not in done.stderr


def test_a_command_whose_module_lacks_an_extra_ends_in_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(_: object) -> None:
        raise ModuleNotFoundError(name="pyarrow.parquet")

    monkeypatch.setattr(main, "import_module", lacking)
    assert main.run(["keys", "create"]) == 1
    assert capsys.readouterr().err.startswith("txn: pyarrow is not installed, which the extra `lake` brings: ")
