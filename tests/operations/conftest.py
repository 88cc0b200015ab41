"""A bucket for letters, and the fixtures of the API, whose application serves these routes."""

from collections.abc import AsyncIterator

import pytest

from tests.operations.dead_letters.box import Boxes
from tests.txn_api.conftest import api, desk, stage
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.settings import Settings

__all__ = ["api", "boxes", "desk", "stage"]


@pytest.fixture
async def boxes(settings: Settings) -> AsyncIterator[Boxes]:
    """Boxes of a bucket that nobody else has."""
    async with Aws(settings).s3() as client:
        await client.create_bucket(Bucket=settings.lake_bucket)
        yield Boxes(ObjectStore(client, settings.lake_bucket), settings)
