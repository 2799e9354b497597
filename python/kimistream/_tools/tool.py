"""A function that the model may call."""

from __future__ import annotations

import copy
import functools

from .. import _core
from .._values.errors import InvalidRequestError, ToolArgumentsError
from .annotations import NoSchema, Reader, is_pydantic
from .docstrings import Docstring
from .signatures import parameters_of, plain_function
from .validation import Validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Tool:
    """A function, and what the model is told of it.

    function     any callable: its signature, annotations and docstring (Google's, NumPy's or Sphinx's style) become the
                 schema; or a pydantic model, whose fields do
    name         else the function's own
    description  else what the docstring says before its first section
    parameters   a JSON Schema that takes the place of the one made of the signature; arguments are held against it
    timeout      seconds that one call may take in `run` and `conversation`; None: what they say

    Raises InvalidRequestError for *args, **kwargs and types that no JSON has, and names function and parameter.
    """

    __slots__ = ("_description", "_kind", "_parameters", "_validator", "function", "name", "timeout")

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        description: str | None = None,
        parameters: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(
                f"a tool is made of a function, not {type(function).__name__}; a dict goes into tools as it is"
            )
        for what, value in (("name", name), ("description", description)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{what} must be a str, not {type(value).__name__}")
        self.function = function
        self.name = name if name is not None else _name_of(function)
        self.timeout = seconds(timeout, "timeout")
        words = Docstring(_docstring_of(function))
        self._description = description if description is not None else words.description
        self._validator: Validator | None = None
        self._kind: Any = None  # of its parameters, where they are not the caller's
        if parameters is not None:
            if not isinstance(parameters, dict):
                raise TypeError(f"parameters must be a dict, a JSON Schema, not {type(parameters).__name__}")
            self._parameters = copy.deepcopy(parameters)
            self._validator = Validator(self._parameters)
            return
        if is_pydantic(function):
            try:
                self._kind = Reader().kind(function)
            except NoSchema as error:
                raise InvalidRequestError(f"tool {self.name!r}: {error}") from None
        else:
            self._kind = parameters_of(function, self.name, words)
        self._parameters = self._kind.whole_schema()
        self._parameters.pop("description", None)  # the tool's own says it

    @property
    def schema(self) -> dict[str, Any]:
        """The entry of `tools`, made anew each time."""
        function: dict[str, Any] = {"name": self.name}
        if self._description:
            function["description"] = self._description
        function["parameters"] = copy.deepcopy(self._parameters)
        return {"type": "function", "function": function}

    def _to_wire(self) -> dict[str, Any]:
        return self.schema

    def call(self, arguments: str) -> Any:
        """Calls the function with the arguments of a call, JSON text, and gives what it gives: of an asynchronous
        function the coroutine. "" is {}.

        Raises ToolArgumentsError for arguments that do not fit. What the function raises passes unchanged.
        """
        return self.prepare(arguments)()

    def prepare(self, arguments: str) -> Callable[[], Any]:
        """The call, ready to be made: its arguments are what the function's annotations say."""
        if not isinstance(arguments, str):
            raise TypeError(f"arguments must be JSON text, not {type(arguments).__name__}")
        try:
            given = _core.loads(arguments) if arguments.strip() else {}
        except ValueError as error:
            raise ToolArgumentsError(f"the arguments of {self.name} are not JSON: {error}") from None
        problems: list[str] = []
        if not isinstance(given, dict):
            problems = ["the arguments must be an object of them by their names"]
        elif self._validator is not None:
            problems = self._validator.problems(given)
        elif is_pydantic(self.function):
            model = self._kind.read(given, "", problems)
            if not problems:
                return lambda: model
        else:
            given = self._kind.read_fields(given, "", problems)
        if problems:
            raise ToolArgumentsError(f"the arguments of {self.name} are wrong: {'; '.join(problems)}", problems)
        return self._bound(given)

    def _bound(self, values: dict[str, Any]) -> Callable[[], Any]:
        if self._validator is not None or not self._kind.positional:
            return functools.partial(self.function, **values)
        places = []
        for name in self._kind.positional:
            if name not in values and name not in self._kind.defaults:
                break
            places.append(values.pop(name, self._kind.defaults.get(name)))
        return functools.partial(self.function, *places, **values)

    def __reduce__(self) -> tuple[Any, ...]:
        own = self._parameters if self._validator is not None else None
        return Tool, (self.function, self.name, self._description, own, self.timeout)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"


def seconds(value: float | None, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} must be a number of seconds, not {type(value).__name__}")
    if not value > 0:
        raise InvalidRequestError(f"{what} must be more than 0 seconds; None stands for no limit")
    return float(value)


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name: str = getattr(function, "__name__", None) or type(function).__name__
    if name == "<lambda>":
        raise InvalidRequestError("a lambda has no name that the model could call: give Tool(..., name=...)")
    return name


def _docstring_of(function: Any) -> str | None:
    plain = plain_function(function)
    words: str | None = plain.__dict__.get("__doc__") if isinstance(plain, type) else plain.__doc__
    if not words and not isinstance(function, type) and plain is type(function).__call__:
        words = type(function).__doc__
    return words
