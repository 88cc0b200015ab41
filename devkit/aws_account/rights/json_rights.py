"""The rights that calls to Kinesis, DynamoDB and other services of the JSON protocol need.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service. DynamoDB has no
right of its own for transactions: each item needs the right of what is done to it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from devkit.aws_account.policies.policy import Right
from devkit.aws_account.rights.calls import SignedCall, UnknownCallError
from devkit.aws_account.rights.stream_tokens import StreamTokens

_ON_NOTHING: Final = {
    "kinesis": {"ListStreams", "DescribeLimits", "DescribeAccountSettings"},
    "dynamodb": {"ListTables", "DescribeLimits", "DescribeEndpoints"},
    "sts": {"GetCallerIdentity"},
}
"""Operations that know no resource."""
_ON_CONSUMERS: Final = {"SubscribeToShard", "DeregisterStreamConsumer", "DescribeStreamConsumer"}
_IN_TRANSACTION: Final = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"} | {
    "ConditionCheck": "ConditionCheckItem"
}
_OF_TABLES: Final = ("BatchGetItem", "BatchWriteItem")
_OF_ITEMS: Final = ("TransactWriteItems", "TransactGetItems")


def json_rights(call: SignedCall, account: str, tokens: StreamTokens) -> list[Right]:
    """The rights that a call needs, at least one.

    Raises:
        UnknownCallError: the service or the form of the request is not known here.
    """
    if call.operation in _ON_NOTHING.get(call.service, ()):
        return [Right(f"{call.service}:{call.operation}", "*")]
    reader = _READERS.get(call.service)
    if reader is None or not call.operation:
        raise UnknownCallError(f"{call.service}: calls are not known here")
    base = f"arn:aws:{call.service}:{call.region}:{account}:"
    rights = [
        Right(f"{call.service}:{action}", arn) for action, arn in reader(call.operation, call.document, base, tokens)
    ]
    if not rights:
        raise UnknownCallError(f"{call.operation} names no resource")
    return rights


def stream_arn(request: Mapping[str, Any], base: str) -> str | None:
    """The ARN of the stream that a request names, or None."""
    if arn := request.get("StreamARN"):
        return str(arn)
    name = request.get("StreamName")
    return f"{base}stream/{name}" if name else None


Found = Iterator[tuple[str, str]]


def _kinesis(operation: str, request: dict[str, Any], base: str, tokens: StreamTokens) -> Found:
    if operation in _ON_CONSUMERS and (consumer := request.get("ConsumerARN")):
        yield operation, str(consumer)
    else:
        stream = stream_arn(request, base) or tokens.stream_of(request)
        yield operation, stream
        if operation == "DescribeStreamConsumer":
            raise UnknownCallError("a consumer is described by its ARN here")


def _dynamodb(operation: str, request: dict[str, Any], base: str, _tokens: StreamTokens) -> Found:
    if operation in _OF_TABLES:
        for table in request["RequestItems"]:
            yield operation, _table(table, base)
    elif operation in _OF_ITEMS:
        for item in request["TransactItems"]:
            for kind, what in item.items():
                yield _IN_TRANSACTION.get(kind, "GetItem"), _table(what["TableName"], base)
    elif table := request.get("TableName"):
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        yield operation, _table(table, base) + index


def _table(name: str, base: str) -> str:
    return name if name.startswith("arn:") else f"{base}table/{name}"


def _kms(operation: str, request: dict[str, Any], base: str, _tokens: StreamTokens) -> Found:
    yield operation, _named(request["KeyId"], f"{base}key/{{}}")


def _secrets(operation: str, request: dict[str, Any], base: str, _tokens: StreamTokens) -> Found:
    yield operation, _named(request["SecretId"], f"{base}secret:{{}}-AbCdEf")


def _named(name: str, form: str) -> str:
    return name if name.startswith("arn:") else form.format(name)


_READERS: Final[Mapping[str, Callable[[str, dict[str, Any], str, StreamTokens], Found]]] = {
    "kinesis": _kinesis,
    "dynamodb": _dynamodb,
    "kms": _kms,
    "secretsmanager": _secrets,
}
