"""The parameters of a function as the fields of an object."""

from __future__ import annotations

import functools
import inspect

from .._values.errors import InvalidRequestError
from .annotations import NoSchema, Reader, hints_of
from .docstrings import Docstring
from .kinds import NULL, Field, ObjectKind, Union
from .results import default_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Parameters(ObjectKind):
    """`positional`: the names of those that can be given by their place only."""

    def __init__(self, name: str) -> None:
        super().__init__(name, dict)
        self.positional: list[str] = []
        self.defaults: dict[str, Any] = {}  # of those


def plain_function(function: Any) -> Any:
    """What holds the annotations and the docstring of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, type) or inspect.isroutine(function):
        return function
    return type(function).__call__


def parameters_of(function: Callable[..., Any], name: str, words: Docstring) -> Parameters:
    """Raises InvalidRequestError, which names the function and the parameter, for what JSON cannot say."""
    try:
        signature = inspect.signature(function)
    except NameError as error:  # Python 3.14 and later look annotations up here
        raise InvalidRequestError(f"tool {name!r}: {error}: import it where the program runs, too") from None
    except (TypeError, ValueError):
        raise InvalidRequestError(
            f"tool {name!r}: its parameters cannot be seen: give Tool(..., parameters={{...}})"
        ) from None
    plain = plain_function(function)
    annotated = plain.__dict__.get("__init__", plain) if isinstance(plain, type) else plain
    hints = {}
    try:
        hints = hints_of(annotated)
    except NoSchema as error:
        named = [p for p in signature.parameters.values() if isinstance(p.annotation, str)]
        unknown = next((p.name for p in named if error.name and error.name in p.annotation), None)
        raise InvalidRequestError(f"tool {name!r}{f', parameter {unknown!r}' if unknown else ''}: {error}") from None
    if _lacks_its_object(function, signature):
        raise InvalidRequestError(
            f"tool {name!r}: it is a method without its object: give that of an instance, as in tools=[thing.{name}]"
        )
    parameters, reader = Parameters(name), Reader()
    for parameter in signature.parameters.values():
        if parameter.kind in _MANY:
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            raise InvalidRequestError(
                f"tool {name!r}, parameter {stars}{parameter.name}: a model must be told each parameter by its name: "
                "write them out, or give Tool(..., parameters={...})"
            )
        parameters.fields.append(
            _field(parameter, hints.get(parameter.name, parameter.annotation), name, reader, words)
        )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            parameters.positional.append(parameter.name)
            if parameter.default is not inspect.Parameter.empty:
                parameters.defaults[parameter.name] = parameter.default
    return parameters


def _lacks_its_object(function: Any, signature: inspect.Signature) -> bool:
    """Whether it is a method as it stands in its class."""
    holder = getattr(function, "__qualname__", "").rpartition(".")[0]
    if not holder or holder.endswith("<locals>") or inspect.ismethod(function):
        return False
    first = next(iter(signature.parameters.values()), None)
    return first is not None and first.name == "self" and first.annotation is first.empty


def _field(parameter: inspect.Parameter, hint: Any, name: str, reader: Reader, words: Docstring) -> Field:
    required = parameter.default is inspect.Parameter.empty
    try:
        kind = reader.kind(hint)
    except NoSchema as error:
        raise InvalidRequestError(f"tool {name!r}, parameter {parameter.name!r}: {error}") from None
    except RecursionError:
        raise InvalidRequestError(
            f"tool {name!r}, parameter {parameter.name!r}: its type contains itself without a class between"
        ) from None
    if parameter.default is None and hint is not inspect.Parameter.empty:
        found: list[str] = []
        kind.read(None, "", found)
        if found:  # `city: str = None` takes null, whatever its annotation says
            kind = Union([kind, NULL])
    default = None if required else default_of(parameter.default)
    return Field(parameter.name, kind, required, words.parameters.get(parameter.name), default)
