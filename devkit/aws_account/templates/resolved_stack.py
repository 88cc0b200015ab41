"""A template with its parameters filled in: what each resource is called, and what stands in its properties.

It does what CloudFormation does before it makes anything: parameters, conditions, intrinsic functions, exports. What
AWS draws at random (a key's id, the end of a secret's ARN) follows from the resource's name here.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from devkit.aws_account.templates.physical_names import Place, attribute_of, reference_of

_NOTHING: Final = object()
_SUBSTITUTED: Final = re.compile(r"\$\{(!?[^}]+)\}")
ZONES: Final = 3
"""Zones of a region, which `Fn::GetAZs` lists."""


class UnresolvedError(ValueError):
    """A template names something that is not there, or uses a function that is not known here."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with its properties filled in.

    Attributes:
        reference: what `Ref` gives, most often its name or ARN.
    """

    logical_id: str
    kind: str
    properties: Mapping[str, Any]
    reference: str
    retained: bool

    def attribute(self, name: str, place: "Place") -> str:
        """What `Fn::GetAtt` gives."""
        return attribute_of(self.kind, self.logical_id, self.properties, name, place)


@dataclass(slots=True)
class ResolvedStack:
    """A stack.

    Attributes:
        parameters: values by name; a parameter that is not given has its default.
        exports: what stacks export, by name; those of this one are added.
    """

    template: Mapping[str, Any]
    place: Place
    parameters: Mapping[str, Any] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    _conditions: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.template["Resources"]:
            self._resource(name)
        for output in self.template.get("Outputs", {}).values():
            if "Export" in output and self._applies(output):
                self.exports[self.value(output["Export"]["Name"])] = self.value(output["Value"])

    def of_kind(self, *kinds: str) -> list[Resource]:
        """The resources of some types, `AWS::IAM::Role`."""
        return [resource for resource in self.resources.values() if resource.kind in kinds]

    def value(self, given: Any) -> Any:
        """A value of the template with all functions carried out; properties without a value are left out."""
        if isinstance(given, list):
            made = [self.value(one) for one in given]
            return [one for one in made if one is not _NOTHING]
        if not isinstance(given, Mapping):
            return given
        if len(given) == 1:
            ((name, argument),) = given.items()
            if (function := self._functions.get(name)) is not None:
                return function(argument)
            if name.startswith("Fn::"):
                raise UnresolvedError(f"{name} is not known here")
        filled = {key: self.value(one) for key, one in given.items()}
        return {key: one for key, one in filled.items() if one is not _NOTHING}

    @property
    def _functions(self) -> Mapping[str, Callable[[Any], Any]]:
        return {
            "Ref": self._reference,
            "Condition": self.condition,
            "Fn::Sub": self._substituted,
            "Fn::GetAtt": self._attribute,
            "Fn::If": lambda given: self.value(given[1] if self.condition(given[0]) else given[2]),
            "Fn::Equals": lambda given: str(self.value(given[0])) == str(self.value(given[1])),
            "Fn::And": lambda given: all(map(self.value, given)),
            "Fn::Or": lambda given: any(map(self.value, given)),
            "Fn::Not": lambda given: not self.value(given[0]),
            "Fn::Join": lambda given: given[0].join(map(str, self.value(given[1]))),
            "Fn::Split": lambda given: self.value(given[1]).split(given[0]),
            "Fn::Select": lambda given: self.value(given[1])[int(self.value(given[0]))],
            "Fn::ImportValue": self._imported,
            "Fn::FindInMap": self._found_in_map,
            "Fn::GetAZs": lambda _: [f"{self.place.region}{letter}" for letter in "abcdef"[:ZONES]],
            "Fn::Cidr": lambda given: _blocks(*self.value(given)),
            "Fn::Base64": self.value,
        }

    def condition(self, name: str) -> bool:
        """Whether a condition of the template is true."""
        if name not in self._conditions:
            self._conditions[name] = bool(self.value(self.template["Conditions"][name]))
        return self._conditions[name]

    def _applies(self, element: Mapping[str, Any]) -> bool:
        return "Condition" not in element or self.condition(element["Condition"])

    def _resource(self, name: str) -> Resource | None:
        if name in self.resources:
            return self.resources[name]
        element = self.template["Resources"].get(name)
        if element is None:
            raise UnresolvedError(f"there is no {name}")
        if not self._applies(element):
            return None
        properties = self.value(element.get("Properties", {}))
        reference = reference_of(element["Type"], name, properties, self.place)
        retained = element.get("DeletionPolicy") == "Retain"
        self.resources[name] = Resource(name, element["Type"], properties, reference, retained)
        return self.resources[name]

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        here = f"{self.place.region}:{self.place.account}"
        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": "aws",
            "AWS::StackName": self.place.stack,
            "AWS::StackId": f"arn:aws:cloudformation:{here}:stack/{self.place.stack}/1",
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if (parameter := self.template.get("Parameters", {}).get(name)) is not None:
            return self._parameter(name, parameter)
        resource = self._resource(name)
        return _NOTHING if resource is None else resource.reference

    def _parameter(self, name: str, parameter: Mapping[str, Any]) -> Any:
        given = self.parameters.get(name, parameter.get("Default", _NOTHING))
        if given is _NOTHING:
            raise UnresolvedError(f"the parameter {name} is not given")
        is_list = parameter["Type"].startswith("List<") or parameter["Type"] == "CommaDelimitedList"
        return [part.strip() for part in given.split(",")] if is_list and isinstance(given, str) else given

    def _attribute(self, given: Any) -> Any:
        name, _, attribute = given.partition(".") if isinstance(given, str) else (given[0], "", given[1])
        resource = self._resource(name)
        return _NOTHING if resource is None else resource.attribute(attribute, self.place)

    def _substituted(self, given: Any) -> str:
        text, variables = (given, {}) if isinstance(given, str) else given

        def filled(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return str(self.value(variables[name]))
            is_attribute = "." in name and "::" not in name
            return str(self._attribute(name) if is_attribute else self._reference(name))

        return _SUBSTITUTED.sub(filled, text)

    def _imported(self, given: Any) -> str:
        name = self.value(given)
        if name not in self.exports:
            raise UnresolvedError(f"no stack exports {name}")
        return self.exports[name]

    def _found_in_map(self, given: Any) -> Any:
        table, row, column = (self.value(one) for one in given)
        return self.template["Mappings"][table][row][column]


def _blocks(block: str, count: str | int, bits: str | int) -> list[str]:
    """The first blocks of addresses of a network, each with so many bits of its own."""
    network = ipaddress.ip_network(block)
    return list(map(str, islice(network.subnets(new_prefix=network.max_prefixlen - int(bits)), int(count))))
