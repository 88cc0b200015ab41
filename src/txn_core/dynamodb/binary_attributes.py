"""Binary attributes in DynamoDB's JSON, where they are base64: requests are given bytes, and answers give bytes.

Nearly all attributes are strings and numbers, which stay as they are and are looked at by their kind alone.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

_HOLDING: Final = frozenset({"B", "BS", "M", "L"})
"""The kinds of attributes that are binary, or may have such in them."""
_PARTS: Final = ("Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey")
# Within a text the quotes would have a backslash in front of them.
_said_to_hold: Final = re.compile(rb'"BS?"\s*:').search


def with_base64(request: dict[str, Any]) -> dict[str, Any]:
    """A request as JSON can have it. Parts without binary attributes stay the objects that they are."""
    for part in _PARTS:
        if (attributes := request.get(part)) is not None:
            request[part] = _packed(attributes)
    if (tables := request.get("RequestItems")) is not None:
        request["RequestItems"] = {
            table: {**asked, "Keys": [_packed(key) for key in asked["Keys"]]} for table, asked in tables.items()
        }
    return request


def with_bytes(answer: dict[str, Any], content: bytes) -> dict[str, Any]:
    """An answer with bytes in the place of base64; `content` is the JSON that it was read from."""
    if _said_to_hold(content) is None:
        return answer
    for part in ("Item", "Attributes", "LastEvaluatedKey"):
        _unpack(answer.get(part, {}).values())
    for item in answer.get("Items", ()):
        _unpack(item.values())
    for items in answer.get("Responses", {}).values():
        for item in items:
            _unpack(item.values())
    for asked in answer.get("UnprocessedKeys", {}).values():
        for key in asked["Keys"]:
            _unpack(key.values())
    return answer


def _packed(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    for attribute in attributes.values():
        if next(iter(attribute), None) in _HOLDING:
            return {name: _attribute(value) for name, value in attributes.items()}
    return attributes


def _attribute(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            return {"B": _text(value)}
        case "BS":
            return {"BS": [_text(each) for each in value]}
        case "M":
            return {"M": _packed(value)}
        case "L":
            return {"L": [_attribute(each) for each in value]}
    return attribute


def _text(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


def _unpack(attributes: Iterable[dict[str, Any]]) -> None:
    for attribute in attributes:
        kind = next(iter(attribute), None)
        if kind not in _HOLDING:
            continue
        value = attribute[kind]
        match kind:
            case "B":
                attribute["B"] = a2b_base64(value)
            case "BS":
                attribute["BS"] = [a2b_base64(each) for each in value]
            case "M":
                _unpack(value.values())
            case _:
                _unpack(value)
