"""The OpenAPI document. Routes say what they take and answer in the words of `operations`; the rest is derived."""

from txn_api.openapi.document import API_VERSION, install
from txn_api.openapi.operations import (
    answer,
    lines_answer,
    lines_body,
    needs,
    open_to_all,
    open_unless_configured,
    problems,
    problems_of_open,
    request_body,
    text_answer,
)

__all__ = [
    "API_VERSION",
    "answer",
    "install",
    "lines_answer",
    "lines_body",
    "needs",
    "open_to_all",
    "open_unless_configured",
    "problems",
    "problems_of_open",
    "request_body",
    "text_answer",
]
