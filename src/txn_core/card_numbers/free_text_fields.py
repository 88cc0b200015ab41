"""Which fields of a model are free text: all of its texts but those that are marked to be something else.

So a text field that is added later is searched for card numbers without anybody thinking of it.
"""

from collections.abc import Iterator, Mapping
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


class FreeTexts:
    """The free texts of a model's instances or of their fields, those of the objects within them included."""

    __slots__ = ("_objects", "_pointers")

    def __init__(self, model: type[BaseModel], pointer: str = "") -> None:
        """Take the model; `pointer` says where in a document its instances stand (RFC 6901)."""
        self._pointers: dict[str, str] = {}
        self._objects: dict[str, FreeTexts] = {}
        for name, field in model.model_fields.items():
            here = f"{pointer}/{field.alias or name}"
            if (part := _model_of(field.annotation)) is not None:
                self._objects[name] = FreeTexts(part, here)
            elif _is_free((field.annotation, field.metadata)):
                self._pointers[name] = here

    def __iter__(self) -> Iterator[str]:
        """The pointers of all free texts of the model."""
        yield from self._pointers.values()
        for part in self._objects.values():
            yield from part

    def of(self, instance: BaseModel) -> list[tuple[str, str]]:
        """Every free text that an instance has, with its pointer."""
        return self.of_fields(instance.__dict__)

    def of_fields(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The same of an instance's fields by their names; objects are instances or fields themselves."""
        found: list[tuple[str, str]] = []
        for name, pointer in self._pointers.items():
            value = values[name]
            if isinstance(value, str):
                found.append((pointer, value))
            elif value is not None:
                found.extend((pointer, text) for text in _texts(value))
        for name, part in self._objects.items():
            if (inner := values[name]) is not None:
                found += part.of_fields(inner if isinstance(inner, dict) else inner.__dict__)
        return found


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field has, possibly or absent."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_of, get_args(annotation))), None)


def _is_free(annotated: tuple[Any, list[Any]]) -> bool:
    """Whether an annotation with its metadata has a text in it that nothing marks as something else."""
    annotation, metadata = annotated
    if any(isinstance(each, NoFreeText) for each in metadata) or get_origin(annotation) is Literal:
        return False
    if isinstance(annotation, NewType):
        return _is_free((annotation.__supertype__, []))
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _is_free((inner, metadata))
    return annotation is str or any(_is_free((inner, [])) for inner in get_args(annotation))


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
