"""Small JSON bodies that a model describes: read whole, held to the model, and searched for card numbers."""

from codecs import BOM_UTF8
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from txn_api.edge.headers import RawHeaders
from txn_api.problems import CardNumberMisplaced, MalformedJson, Problem, ValidationFailed
from txn_api.writes.bodies import JSON, check_type, read_whole, source
from txn_core.card_numbers.card_number_search import CODE, pointers_of_numbers
from txn_core.card_numbers.free_text_fields import FreeTexts
from txn_core.exceptions import MalformedJsonError
from txn_core.settings import Settings
from txn_core.transactions.contract_part import as_json, contract_part
from txn_core.transactions.duplicates import duplicated_names, names_of
from txn_core.transactions.faults import Fault, fault_of

Model = TypeVar("Model", bound=BaseModel)


class JsonBody(Generic[Model]):
    """The body that a model describes; `invalid` is the problem of one that breaks its rules."""

    def __init__(self, model: type[Model], invalid: type[Problem] = ValidationFailed) -> None:
        self._model, self._invalid = model, invalid
        self._names, self._free_texts = names_of(model), FreeTexts(model)

    async def read(self, request: Request, settings: Settings) -> bytes:
        """The bytes of a request's body.

        Raises:
            Problem: `media_type_unsupported`, `content_encoding_unsupported`, `body_too_large` or `body_timeout`.
        """
        check_type(RawHeaders.of(request.scope), JSON)
        return await read_whole(
            source(request.scope, request.receive),
            bytes_max=settings.body_bytes_max,
            deadline_s=settings.body_deadline_s,
        )

    def parsed(self, body: bytes) -> Model:
        """What a body says.

        Raises:
            MalformedJson: it is not JSON.
            CardNumberMisplaced: a free text holds a card number or track data.
            Problem: it breaks rules, or names something twice.
        """
        body = body.removeprefix(BOM_UTF8)
        try:
            part = contract_part(body, self._names)
        except MalformedJsonError:
            raise MalformedJson from None
        if part.fields is None:
            raise self._invalid([Fault("", "object_required")])
        faults = [*duplicated_names(body, self._names), *part.beyond]
        parsed = self._validated(part.fields, faults)
        if misplaced := [Fault(pointer, CODE) for pointer in pointers_of_numbers(self._free_texts.of(parsed))]:
            raise CardNumberMisplaced(misplaced)
        return parsed

    def _validated(self, fields: dict[str, Any], faults: list[Fault]) -> Model:
        try:
            # Strict, as every body is: only a URL has to write numbers as text.
            parsed = self._model.model_validate_json(as_json(fields), strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            raise self._invalid([*dict.fromkeys([*faults, *map(fault_of, details)])]) from None
        if faults:
            raise self._invalid(faults)
        return parsed
