"""The committed templates, and what is in them."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "templates"
STACKS: Final = ("data", "network", "access", "service", "warehouse")


def path_of(stack: str) -> Path:
    """The file of a stack's template."""
    return FOLDER / f"{stack}.template.json"


@cache
def template(stack: str) -> dict[str, Any]:
    """The template of a stack."""
    document: dict[str, Any] = json.loads(path_of(stack).read_text())
    return document


def of_type(stack: str, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of a stack's resources of a type, by their names in the template."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template(stack)["Resources"].items()
        if resource["Type"] == kind
    }


def statements(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statements of a role's own policies."""
    for policy in properties.get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    """A value that may stand alone where it is the only one."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """A value as it stands, a text of `Fn::Sub` without its function."""
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        return str(value["Fn::Sub"])
    return value if isinstance(value, str) else json.dumps(value)


def container(properties: dict[str, Any]) -> dict[str, Any]:
    """The one container of a task definition."""
    (only,) = properties["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found
