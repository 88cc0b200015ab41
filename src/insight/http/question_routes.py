"""`GET /insight/questions` and one of them: what may be asked, and the answers."""

from datetime import date
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from insight.answers.filters import FROM, TO, Filters
from insight.answers.rendering import answer_csv, answer_json, catalogue_json
from insight.http.kept_answers import KEPT, TAG_HEADER, has_already, told
from insight.http.problems import QueryTooLarge, QueryTooLong, QuestionNotFound, WarehouseNotBuilt
from insight.http.question_shapes import EXAMPLES, Catalogue, QuestionAnswer, QuestionParameters, answer_or_table
from insight.http.services import DeskOfRequest
from txn_api.access.auth import Principal, requires
from txn_api.edge.headers import RawHeaders
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import CardNumberMisplaced, NotAcceptable, ParameterInvalid
from txn_api.reads.negotiation import Form, form_of
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_core.transactions.faults import Fault
from warehouse.questions.catalogue import Question

CATALOGUE: Final = catalogue_json()
_TAG: Final = Tag("questions", "The twelve questions, and their answers.")
_OPEN_END: Final = date(9999, 12, 1)

router = Router(tags=[_TAG.name], checks=[searched(QuestionParameters), each_once(QuestionParameters)])


@router.get(
    "/insight/questions",
    operation_id="listQuestions",
    summary="List the questions",
    response_class=Response,
    responses={200: operations.answer("Catalogue", "All questions."), **operations.problems()},
    openapi_extra=operations.needs("insight:read"),
)
async def list_questions(_: Annotated[Principal, requires("insight:read")]) -> Response:
    """List the questions: what each asks, its unit, its keys, and the filters that it carries."""
    return Response(CATALOGUE, media_type="application/json", headers=KEPT)


@router.get(
    "/insight/questions/{question_id}",
    operation_id="answerQuestion",
    summary="Answer a question",
    response_class=Response,
    responses={
        200: answer_or_table(),
        304: {"description": "The data is of the version that `If-None-Match` names."},
        **operations.problems(
            QuestionNotFound, NotAcceptable, CardNumberMisplaced, WarehouseNotBuilt, QueryTooLong, QueryTooLarge
        ),
    },
    openapi_extra=operations.needs("insight:read"),
)
async def answer_question(
    request: Request,
    question_id: str,
    parameters: Annotated[QuestionParameters, Query()],
    _: Annotated[Principal, requires("insight:read")],
    desk: DeskOfRequest,
) -> Response:
    """Answer a question from the data that is published now, as JSON or as CSV (`format=csv`, or by `Accept`).

    Filters choose rows of the answer and change no value. A filter that the question does not carry is refused.
    """
    question = desk.question(question_id)
    if question is None:
        raise QuestionNotFound
    filters = _filters(question, parameters)
    form = _form(request, parameters)
    with told(question.name):
        answer = await desk.answer(question)
    tag = f'"{answer.data.version}{"-csv" if form is Form.CSV else ""}"'
    headers = {**KEPT, "ETag": tag}
    if has_already(request, tag):
        return Response(status_code=304, headers=headers)
    chosen = answer.chosen(filters)
    if form is Form.CSV:
        name = {"Content-Disposition": f'attachment; filename="{question.name}.csv"'}
        return Response(answer_csv(chosen), media_type=form.media_type, headers=headers | name)
    return Response(answer_json(chosen, filters), media_type=form.media_type, headers=headers)


def _filters(question: Question, parameters: QuestionParameters) -> Filters:
    """What is chosen.

    Raises:
        ParameterInvalid: the question does not carry a filter.
    """
    filters = Filters(parameters.chosen())
    if foreign := filters.foreign_to(question):
        raise ParameterInvalid([Fault(f"/{name}", "invalid_value") for name in foreign])
    if filters.chosen.get(FROM, date.min) > filters.chosen.get(TO, _OPEN_END):  # type: ignore[operator]
        raise ParameterInvalid([Fault(f"/{FROM}", "invalid_value")])
    return filters


def _form(request: Request, parameters: QuestionParameters) -> Form:
    if parameters.format is not None:
        return Form.CSV if parameters.format == "csv" else Form.JSON
    return form_of(RawHeaders.of(request.scope).get("accept", ""))


resource: Final = Resource(
    tag=_TAG,
    router=router,
    shapes=(Catalogue, QuestionAnswer),
    examples=EXAMPLES,
    headers=TAG_HEADER,
    words={
        "question_id": {
            "description": "The id of a question.",
            "schema": {"minLength": 3, "maxLength": 3, "pattern": r"^q\d\d$"},
            "example": "q02",
        },
        "region": {"example": "West"},
        "from": {"example": "2026-01"},
        "to": {"example": "2026-03"},
    },
)
