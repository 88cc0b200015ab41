"""What all tests of the HTTP connection need."""

from collections.abc import Iterator

import pytest

from tests.http.quiet import logging_nothing


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Thousands of refusals would fill the report, and the memory that is measured."""
    with logging_nothing():
        yield
