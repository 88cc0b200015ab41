"""The component schemas: what the resources' shapes say, under the names of the document."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from txn_api.openapi.bounds import bounded
from txn_api.openapi.operations import REF
from txn_api.resource import Resource
from txn_api.schemas import PROBLEM_NAME, ProblemShape


def schemas(resources: Sequence[Resource]) -> dict[str, Any]:
    """Every schema of the document by its name."""
    kinds: list[type[BaseModel]] = [ProblemShape, *(shape for each in resources for shape in each.shapes)]
    own = {"ProblemShape": PROBLEM_NAME, "FaultShape": "Fault"}
    names = own | {name: new for each in resources for name, new in each.names.items()}
    _, generated = models_json_schema([(kind, "validation") for kind in kinds], ref_template=REF + "{model}")
    found = {names.get(name, name): renamed(bounded(schema), names) for name, schema in generated["$defs"].items()}
    for each in resources:
        found = each.complete(found)
    return {name: {"title": name, **schema} for name, schema in sorted(found.items())}


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A schema that refers to others by their new names."""
    if isinstance(value, dict):
        return {key: renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    if isinstance(value, str) and value.startswith(REF):
        name = value.removeprefix(REF)
        return REF + names.get(name, name)
    return value
