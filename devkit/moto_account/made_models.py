"""Models of moto's CloudFormation for the kinds of resources that it lacks, made by the calls of each kind."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import boto3
from botocore.model import Shape
from botocore.validate import validate_parameters
from moto.core.common_models import CloudFormationModel

from devkit.moto_account.calls import MAKINGS, Making
from devkit.moto_account.repairs import as_classmethod

NO_API: Final = frozenset({
    "AWS::Backup::BackupSelection", "AWS::RDS::DBProxy", "AWS::RedshiftServerless::Namespace",
    "AWS::RedshiftServerless::Workgroup", "AWS::S3::AccessPoint", "AWS::Kinesis::StreamConsumer",
    "AWS::SecretsManager::RotationSchedule", "AWS::SecretsManager::SecretTargetAttachment",
})  # fmt: skip
"""Kinds that moto has no service for: they are noted with a name, so that others can refer to them."""


class MadeResource:
    """A resource that a call made.

    Attributes:
        physical_resource_id: what `Ref` gives.
    """

    def __init__(self, kind: str, reference: str, answer: Mapping[str, Any], place: tuple[str, str]) -> None:
        self.kind, self.physical_resource_id, self._answer, self._place = kind, reference, answer, place
        self.cf_resource_type = kind
        self.logical_resource_id = ""

    def get_cfn_attribute(self, name: str) -> str:
        """An attribute of the answer, an ARN that is made up from the name, or a text that nobody reads."""
        if isinstance(found := self._found(name, self._answer), str):
            return found
        if name.endswith("Arn"):
            region, account = self._place
            service = self.kind.split("::")[1].lower()
            return f"arn:aws:{service}:{region}:{account}:{self.physical_resource_id}"
        return f"{self.physical_resource_id}-{name}"

    def _found(self, name: str, values: Mapping[str, Any]) -> object:
        for key, value in values.items():
            if key.lower() == name.lower().replace(".", ""):
                return value
            if isinstance(value, Mapping) and (inner := self._found(name, value)) is not None:
                return inner
        return None

    def is_created(self) -> bool:
        """Always: calls are carried out at once."""
        return True


def add_models(url: Callable[[], str]) -> None:
    """Add a model for every kind that is made by a call, or that is only noted; `url` is the server's own address."""
    for kind in (*MAKINGS, *NO_API):
        _model(kind, MAKINGS.get(kind), url)


def _model(kind: str, making: Making | None, url: Callable[[], str]) -> type:
    def create(_cls: Any, name: str, element: Any, account: str, region: str, **_: object) -> MadeResource:
        properties = element.get("Properties", {})
        if making is None:
            return MadeResource(kind, f"{name}-{secrets.token_hex(4)}", {}, (region, account))
        client = client_of(making.service, url(), region)
        arguments = _arguments(client, making, properties, name)
        if making.service == "budgets":
            arguments["AccountId"] = account
        if making.known:
            answer = getattr(client, making.create)(**arguments)
        else:
            validate_parameters(arguments, _shape(client, making))
            answer = {}
        return MadeResource(kind, making.reference(arguments, answer), answer, (region, account))

    def update(cls: Any, original_resource: MadeResource, **now: Any) -> MadeResource:
        if making is None or not making.changes:
            return original_resource
        element, account, region = (now[name] for name in ("cloudformation_json", "account_id", "region_name"))
        return create(cls, now["new_resource_name"], element, account, region)

    def delete(_cls: Any, name: str, _element: Any, _account: str, region: str) -> None:
        if making is not None and making.delete is not None:
            getattr(client_of(making.service, url(), region), making.delete)(**making.delete_arguments(name))

    return type(
        "Made" + kind.replace("::", ""),
        (CloudFormationModel,),
        {
            "cloudformation_name_type": staticmethod(lambda: ""),
            "cloudformation_type": staticmethod(lambda: kind),
            "has_cfn_attr": classmethod(lambda _cls, _attribute: True),
            "create_from_cloudformation_json": as_classmethod(create),
            "update_from_cloudformation_json": as_classmethod(update),
            "delete_from_cloudformation_json": as_classmethod(delete),
        },
    )


@cache
def client_of(service: str, url: str, region: str) -> Any:
    """A client of the server itself; each is made once, which takes longer than its calls."""
    session = boto3.Session(aws_access_key_id="111122223333", aws_secret_access_key="x", region_name=region)
    return session.client(service, endpoint_url=url)


def _arguments(client: Any, making: Making, properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The further arguments, and the properties that the call knows by their own names, with its types."""
    shape = _shape(client, making)
    given = making.arguments(properties, name)
    by_name = {key: _typed(value, shape.members[key]) for key, value in properties.items() if key in shape.members}
    if isinstance(tags := by_name.get("Tags"), list) and shape.members["Tags"].type_name == "map":
        by_name["Tags"] = {one["Key"]: one["Value"] for one in tags}
    return {**by_name, **given}


def _shape(client: Any, making: Making) -> Any:
    """The parameters of the call that makes a resource."""
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[making.create]).input_shape


def _typed(value: Any, shape: Any) -> Any:
    """A value with the type of a parameter: CloudFormation takes `"60"` for 60, and `"true"` for true."""
    if isinstance(value, Mapping) and shape.type_name == "structure":
        return {key: _typed(one, member) for key, one, member in _members(value, shape)}
    if isinstance(value, list) and shape.type_name == "list":
        return [_typed(one, shape.member) for one in value]
    if isinstance(value, str | int | float) and (convert := _CONVERTED.get(shape.type_name)) is not None:
        return convert(value)
    return value


def _members(value: Mapping[str, Any], shape: Any) -> Iterator[tuple[str, Any, Any]]:
    """The members of a structure; some services begin the names with a small letter, CloudFormation never does.

    One that the service does not know keeps its name, so that botocore refuses it.
    """
    for key, one in value.items():
        name = key if key in shape.members else key[:1].lower() + key[1:]
        if name in shape.members:
            yield name, one, shape.members[name]
        else:
            yield key, one, _ANYTHING


_ANYTHING: Final = Shape("anything", {"type": "document"})
_CONVERTED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "boolean": lambda value: str(value).lower() == "true",
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
}
