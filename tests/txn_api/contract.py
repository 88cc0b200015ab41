"""The OpenAPI document as a judge: every answer that a test gets must be one that the document describes."""

import json
import re
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker

EDGE_CODES = frozenset(
    {"route_not_found", "method_not_allowed", "card_number_misplaced", "api_key_missing", "api_key_invalid"}
)  # what no operation answers
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


class Contract:
    """Holds answers against the document of an application."""

    def __init__(self, app: FastAPI) -> None:
        self.document: dict[str, Any] = app.openapi()
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in self.document["paths"]]
        # `/transactions/bulk` is not an id.
        self._paths.sort(key=lambda entry: "{" in entry[1])

    async def check(self, response: httpx.Response) -> None:
        """Fail unless status, problem code, media type and body are documented, and every common header is there.

        For httpx's `response` event hook.
        """
        await response.aread()
        assert re.fullmatch(r"req_[0-9a-f]{16}", response.headers["x-request-id"])
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if response.request.method == "HEAD":
            return  # its body stays with the server
        if media_type == "application/problem+json":
            self._check_problem(response)
        operation = self.operation(response.request)
        if operation is None or (not operation["security"] and media_type == "application/problem+json"):
            assert media_type != "application/problem+json" or response.json()["code"] in EDGE_CODES
            return
        documented = operation["responses"].get(str(response.status_code))
        assert documented, f"{response.status_code} is not documented: {response.text[:500]}"
        if response.status_code in {204, 304}:
            assert not response.content
            return
        content = documented["content"][media_type]
        if media_type == "application/problem+json":
            assert response.json()["code"] in content["examples"], f"{response.json()['code']} is not documented"
            assert content["schema"] == _PROBLEM, "what a problem was held against above"
        else:
            for document in _documents(media_type, response.text):
                self.validate(document, content["schema"].get("contentSchema", {}).get("items", content["schema"]))
        for name, header in documented["headers"].items():
            self._check_header(response, name, self.resolve(header))

    def operation(self, request: httpx.Request) -> dict[str, Any] | None:
        """The operation that a request asked for."""
        path = next((path for pattern, path in self._paths if pattern.fullmatch(request.url.path)), None)
        return None if path is None else self.document["paths"][path].get(request.method.lower())

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        """What stands where a reference points, or the value itself."""
        if "$ref" not in value:
            return value
        _, kind, name = value["$ref"].rsplit("/", 2)
        found: dict[str, Any] = self.document["components"][kind][name]
        return found

    def validate(self, document: object, schema: dict[str, Any]) -> None:
        """Hold a document against a schema of the document."""
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(document)

    def _check_header(self, response: httpx.Response, name: str, header: dict[str, Any]) -> None:
        sent = response.headers.get(name)
        assert sent is not None or not header.get("required"), f"{name} is not there"
        if sent is not None:
            self.validate(int(sent) if header["schema"]["type"] == "integer" else sent, header["schema"])

    def _check_problem(self, response: httpx.Response) -> None:
        problem = response.json()
        self.validate(problem, _PROBLEM)
        assert problem["status"] == response.status_code
        assert problem["request_id"] == response.headers["x-request-id"]
        assert response.headers["cache-control"] == "no-store"


def _documents(media_type: str, text: str) -> list[Any]:
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in text.splitlines()]
    return [json.loads(text)] if media_type.endswith("json") else []
