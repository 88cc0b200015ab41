"""What answers of the service have in common: how long browsers keep them, and what goes wrong with queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from starlette.requests import Request

from insight.answers.turns import NoTurnError
from insight.http.problems import QueryTooLarge, QueryTooLong, WarehouseNotBuilt
from txn_api.edge.headers import RawHeaders
from txn_api.problems import InternalError, Overloaded
from txn_api.reads.entity_tags import TAGS_CHARS_MAX, matches
from warehouse.sql.query_errors import NotPublishedError, QueryError, QueryTooLargeError, QueryTooLongError

KEPT: Final = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, X-API-Key"}
"""Kept by the browser alone, and asked for again by tag."""
TAG_HEADER: Final[dict[str, dict[str, Any]]] = {
    "ETag": {
        "description": "The version of the data behind the answer, by form.",
        "schema": {"type": "string", "maxLength": 64, "pattern": '^"[0-9a-f]{16}(-csv)?"$'},
        "example": '"a7a7a7a7a7a7a7a7"',
    }
}
RETRY_AFTER_S: Final = 5

_log = structlog.get_logger()


def has_already(request: Request, tag: str) -> bool:
    """Whether a client has the answer of this tag, by its If-None-Match."""
    tags = RawHeaders.of(request.scope).get("if-none-match", "")
    return bool(tags) and len(tags) <= TAGS_CHARS_MAX and matches(tags, tag)


@contextmanager
def told(asked: str) -> Iterator[None]:
    """Turn what goes wrong with a query into a problem; the log says what was asked.

    Raises:
        Problem: 503 where there is no data, or it takes too much; 500 where a query fails.
    """
    try:
        yield
    except NotPublishedError as error:
        _log.warning("warehouse_not_readable", reason=str(error))
        raise WarehouseNotBuilt from None
    except NoTurnError:
        raise Overloaded(retry_after_s=RETRY_AFTER_S) from None
    except (QueryTooLongError, TimeoutError):
        _log.warning("query_too_long", question=asked)
        raise QueryTooLong from None
    except QueryTooLargeError:
        _log.warning("query_too_large", question=asked)
        raise QueryTooLarge from None
    except QueryError as error:
        _log.error("query_failed", question=asked, reason=str(error))
        raise InternalError from None
