"""Which fields of a model are free text: all of its texts but those that are marked to be something else.

So a text field that is added later is searched for card numbers without anybody thinking of it. What else a search
has to know of the fields (ids, times, numbers) comes from the model as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NewType, get_args, get_origin

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class NoFreeText:
    """Marks a text as something else: `what` says what, such as an id, which may pass for a card number by chance."""

    what: str


AN_ID: Final = NoFreeText("an id")
A_TIME: Final = NoFreeText("a time, parsed and held to plausible ones")
A_CODE: Final = NoFreeText("one of a list of codes")


Wanted = Callable[[Any, frozenset[NoFreeText]], bool]
"""Whether a field is wanted that has a type among its alternatives or its members, which has some marks."""


def marked(mark: NoFreeText) -> Wanted:
    """Whether the type has this mark."""
    return lambda _, marks: mark in marks


class ModelFields:
    """The wanted fields of a model, those of the objects within it included."""

    __slots__ = ("_objects", "_pointers")

    def __init__(self, model: type[BaseModel], wanted: Wanted, pointer: str = "") -> None:
        """Take the model; `pointer` says where in a document its instances stand (RFC 6901)."""
        self._pointers: dict[str, str] = {}
        self._objects: dict[str, ModelFields] = {}
        for name, field in model.model_fields.items():
            here = f"{pointer}/{field.alias or name}"
            if (inner := _model_of(field.annotation)) is not None:
                if [*(part := ModelFields(inner, wanted, here))]:
                    self._objects[name] = part
            elif any(wanted(*leaf) for leaf in _leaves(field.annotation, _marks(field.metadata))):
                self._pointers[name] = here

    def __iter__(self) -> Iterator[str]:
        """The pointers of all wanted fields of the model."""
        yield from self._pointers.values()
        for part in self._objects.values():
            yield from part

    def values(self, fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Every wanted value that is not None, with its pointer; objects are instances or fields themselves."""
        found = [
            (pointer, value) for name, pointer in self._pointers.items() if (value := fields.get(name)) is not None
        ]
        for name, part in self._objects.items():
            if (inner := fields[name]) is not None:
                found += part.values(inner if isinstance(inner, dict) else inner.__dict__)
        return found

    def of(self, instance: BaseModel) -> list[tuple[str, str]]:
        """Every text in the wanted fields of an instance, with its pointer."""
        return self.of_fields(instance.__dict__)

    def of_fields(self, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The same of an instance's fields by their names."""
        found: list[tuple[str, str]] = []
        for name, pointer in self._pointers.items():
            value = fields.get(name)  # an optional one may be left out
            if isinstance(value, str):
                found.append((pointer, value))
            elif value is not None:
                found.extend((pointer, text) for text in _texts(value))
        for name, part in self._objects.items():
            if (inner := fields[name]) is not None:
                found += part.of_fields(inner if isinstance(inner, dict) else inner.__dict__)
        return found


class FreeTexts(ModelFields):
    """The free texts of a model: those that nothing marks as something else."""

    def __init__(self, model: type[BaseModel]) -> None:
        super().__init__(model, lambda type_, marks: type_ is str and not marks)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field has, possibly or absent."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_of, get_args(annotation))), None)


def _leaves(annotation: Any, marks: frozenset[NoFreeText]) -> Iterator[tuple[Any, frozenset[NoFreeText]]]:
    """The types in an annotation that have no further ones in them, each with all marks on the way to it."""
    if isinstance(annotation, NewType):
        yield from _leaves(annotation.__supertype__, marks)
    elif get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        yield from _leaves(inner, marks | _marks(metadata))
    elif get_origin(annotation) is Literal or not get_args(annotation):
        yield annotation, marks
    else:
        for inner in get_args(annotation):
            yield from _leaves(inner, marks)


def _marks(metadata: Iterable[Any]) -> frozenset[NoFreeText]:
    return frozenset(each for each in metadata if isinstance(each, NoFreeText))


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, names of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(name)
            yield from _texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _texts(inner)
