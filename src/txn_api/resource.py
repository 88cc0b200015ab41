"""What a route module hands in: its routes, and what only it knows of their part of the OpenAPI document.

`txn_api.app` lists the resources. Nothing else names one of them, so a new resource is a route module, an adapter for
its store, and one line there.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.routing import APIRoute
from prometheus_client.registry import Collector
from pydantic import BaseModel

from txn_api.edge.raw_route import RawRoute
from txn_core.aws.clients import Aws
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings

Schemas = dict[str, Any]
"""Component schemas by their names in the document."""
OpenStore = Callable[[DynamoDBClient, TableNames], object]
"""Makes a store. Routes find it by its class (`Services.store`)."""


@dataclass(frozen=True, slots=True)
class ProcessParts:
    """What of a process a desk is made of. `metrics` are those of all processes of the port, at this moment."""

    settings: Settings
    aws: Aws
    kinesis: KinesisClient
    dynamodb: DynamoDBClient
    producer: Producer
    metrics: Callable[[], Awaitable[Collector]]


OpenDesk = Callable[[ProcessParts], AbstractAsyncContextManager[object]]
"""Opens what is more than a store of one table, while the application runs. Routes find it by its class as well."""


class Tag(NamedTuple):
    """A group of operations in the document."""

    name: str
    description: str


def _as_they_are(schemas: Schemas) -> Schemas:
    return schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Routes that belong together, their stores and their words."""

    tag: Tag
    router: APIRouter = field(default_factory=APIRouter)
    raw_routes: tuple[RawRoute, ...] = ()
    is_open: bool = False
    """Whether requests need no credential before their route is found."""
    stores: tuple[OpenStore, ...] = ()
    desks: tuple[OpenDesk, ...] = ()
    shapes: tuple[type[BaseModel], ...] = ()
    """The bodies of requests and answers, each a component schema."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names in the document of shapes that are called otherwise in the code."""
    complete: Callable[[Schemas], Schemas] = _as_they_are
    """Adds what the shapes leave unsaid to the component schemas of all resources."""
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values by the schema that they are examples of, and by a name of what each shows."""
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What to say of parameters beyond what their model says: `description`, `schema`, `example`."""
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Headers that only answers of these routes have."""

    def routes(self) -> list[APIRoute]:
        """Every route."""
        return [*self.raw_routes, *(route for route in self.router.routes if isinstance(route, APIRoute))]
