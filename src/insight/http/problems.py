"""What can be wrong with a question, beside what can be wrong with every request (`txn_api.problems`)."""

from txn_api.problems import Problem


class QuestionNotFound(
    Problem,
    status=404,
    code="question_not_found",
    title="Question not found",
    detail="There is no question of this id: GET /insight/questions lists them.",
    remedy="Take an id from `GET /insight/questions`.",
):
    """There is no question of this id."""


class WarehouseNotBuilt(
    Problem,
    status=503,
    code="warehouse_not_built",
    title="Warehouse not built yet",
    detail="There are no published tables to ask yet; they are there after the first run of the warehouse.",
    remedy="Wait as long as `Retry-After` says; an operator sees by `txn warehouse run` what is missing.",
    headers={"Retry-After": "10"},
):
    """The warehouse was never built, its files cannot be read, or they are not where the service looks for them."""


class QueryTooLong(
    Problem,
    status=503,
    code="query_too_long",
    title="Question took too long",
    detail="The question took longer than the service allows and was ended; nothing is wrong with the data.",
    remedy="Ask again when less is going on; an operator may allow more by `TXN_INSIGHT_TIMEOUT_S`.",
    headers={"Retry-After": "60"},
):
    """A query ran into its bound of time and was ended."""


class QueryTooLarge(
    Problem,
    status=503,
    code="query_too_large",
    title="Question needs too much memory",
    detail="The question needs more memory than the service allows and was ended; nothing is wrong with the data.",
    remedy="An operator may allow more by `TXN_INSIGHT_MEMORY`.",
    headers={"Retry-After": "60"},
):
    """A query ran into its bound of memory and was ended."""
