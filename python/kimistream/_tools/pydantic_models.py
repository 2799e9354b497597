"""pydantic's models as kinds: their schemas are made as all others are, their values by pydantic. Imported only for a
model that somebody has made, so pydantic is there."""

from __future__ import annotations

from .kinds import Field, ObjectKind, inside
from .results import default_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .docstrings import Docstring
    from .kinds import Definitions, Kind, Problems, Schema

_KEPT = ("type", "enum", "description", "minimum", "maximum", "minLength", "maxLength")


class ModelKind(ObjectKind):
    """An object that pydantic makes."""

    def __init__(self, model: Any, description: str | None) -> None:
        super().__init__(model.__name__.replace("[", "_").replace("]", ""), model.model_validate, description)
        self.model = model
        self.is_root = list(model.model_fields) == ["root"]
        self.takes_more = model.model_config.get("extra") == "allow"

    def schema(self, defs: Definitions) -> Schema:
        return self.fields[0].schema(defs) if self.is_root else super().schema(defs)

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        before = len(problems)
        if isinstance(value, dict) and not self.is_root:
            self.find_unknown(value, path, problems)
        try:
            made = self.model.model_validate(value)
        except ValueError as error:
            problems.extend(told(error, path))
            return None
        return made if len(problems) == before else None


class _OtherKind(ObjectKind):
    """A type that only pydantic knows, such as an e-mail address: its type on the wire is what pydantic says."""

    def __init__(self, annotation: Any) -> None:
        from pydantic import TypeAdapter

        self._adapter: Any = TypeAdapter(annotation)
        told = self._adapter.json_schema()
        if not isinstance(told.get("type"), str) or told["type"] in ("object", "array"):
            raise ValueError(f"{annotation!r} has no simple form in JSON")
        super().__init__(str(annotation), dict)
        self._schema = {key: value for key, value in told.items() if key in _KEPT}
        self.words = str(self._schema["type"])

    def schema(self, defs: Definitions) -> Schema:
        return dict(self._schema)

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        try:
            return self._adapter.validate_python(value)
        except ValueError as error:
            problems.extend(told(error, path))
            return None


def make_model(model: Any, begun: ObjectKind) -> ModelKind:
    return ModelKind(model, begun.description)


def fill(kind: ObjectKind, model: Any, kind_of: Callable[[Any], Kind], words: Docstring) -> None:
    """The fields of a model, under the names that its JSON has."""
    import typing

    for name, field in model.model_fields.items():
        alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
        annotation = typing.Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        try:
            of_field = kind_of(annotation)
        except ValueError as error:
            of_field = _other_kind(annotation, error)
        told_of = field.description or words.parameters.get(name)
        required = field.is_required()
        default = None if required or field.default_factory is not None else default_of(field.default)
        kind.fields.append(Field(alias or name, of_field, required, told_of, default))


def _other_kind(annotation: Any, unknown: ValueError) -> Kind:
    try:
        return _OtherKind(annotation)
    except Exception:
        raise unknown from None


def told(error: ValueError, path: str) -> list[str]:
    """What pydantic found wrong, each with its path."""
    found = []
    each: dict[str, Any]
    for each in error.errors() if hasattr(error, "errors") else [{"loc": (), "msg": str(error)}]:
        where = path
        for step in each["loc"]:
            where = inside(where, step)
        found.append(f"{where or 'the value'}: {str(each['msg'])[:1].lower()}{each['msg'][1:]}")
    return found
