"""From keyword arguments of a request to what the core takes."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .media import Image

    Thinking = bool | Literal["keep"] | None
    Check = Literal["warn", "fix", "error", "off"] | None
    OnBreak = Literal["raise", "restart", "continue"] | None


class Omit:
    """Stands for an argument that was not given, where None has a meaning of its own (openai-python's NOT_GIVEN)."""

    def __bool__(self) -> bool:
        return False


# The arguments of a request, in the order in which the core takes them (bindings/from_python.cpp). `fields` are those
# of the API that have no name of their own here.
NAMES = (
    *("prompt", "model", "system", "thinking", "tools", "tool_choice", "max_tokens", "timeout", "on_break"),
    *("max_breaks", "continue_on_length", "check", "prefill", "on_upload", "extra_body", "extra_headers"),
    *("extra_query", "fields"),
)
_MERGED = ("extra_body", "extra_headers", "extra_query")
_PLAIN = frozenset({str, int, float, bool, list, dict, tuple})


def completed(arguments: tuple[Any, ...], defaults: dict[str, Any] | None) -> tuple[Any, ...]:
    """The arguments, with an environment's own in the place of those that the caller left out."""
    given = dict(zip(NAMES, arguments, strict=True))
    given["fields"] = {key: value for key, value in given["fields"].items() if is_given(value)}
    if "messages" in given["fields"]:  # as openai-python has it
        if given["prompt"] is not None:
            raise TypeError("messages is another name of the prompt: give one of them")
        given["prompt"] = given["fields"].pop("messages")
    if defaults:
        gives_way = _forces_a_call(given) and (given["check"] or defaults.get("check")) == "fix"
        for name in NAMES:
            if name == "thinking" and gives_way:
                continue  # the call is asked for by this request, thinking by none: it is off for this one
            if given[name] is None and name in defaults:
                given[name] = defaults[name]
            elif name == "timeout" and name in defaults:
                from .._values.timeout import over  # seldom

                given[name] = over(given[name], defaults[name])
            elif name in _MERGED and name in defaults:
                given[name] = {**defaults[name], **given[name]}
        given["fields"] = {**{key: value for key, value in defaults.items() if key not in given}, **given["fields"]}
    return tuple(given.values())


def _forces_a_call(given: dict[str, Any]) -> bool:
    choice = given["tool_choice"]
    return is_given(choice) and choice not in ("auto", "none")


def is_given(value: object) -> bool:
    # openai-python's own NOT_GIVEN and omit may come along with code that was written for it.
    return type(value) in _PLAIN or (
        value is not None and not isinstance(value, Omit) and type(value).__name__ not in ("NotGiven", "Omit")
    )


def _image_of(source: object) -> Image | None:
    from .media import image_of  # not before somebody sends a picture

    return image_of(source)


_core.register_pictures(_image_of)

_LISTS = (list, tuple, str)
_PLACES = {"messages": 0, **{name: place for place, name in enumerate(NAMES[1:-1], 1) if name != "system"}}


def openai_arguments(arguments: dict[str, Any]) -> tuple[tuple[Any, ...], bool, bool]:
    """The arguments of `chat.completions.create`: those of the core, whether to stream, whether usage chunks show."""
    request: list[Any] = [None] * (len(NAMES) - 1)
    fields = {}
    for key, value in arguments.items():
        if is_given(value):
            place = _PLACES.get(key)
            if place is None:
                fields[key] = value
            else:
                request[place] = value
    if request[0] is None:
        raise TypeError("create() needs messages=[...]")
    if type(request[0]) not in _LISTS and not hasattr(request[0], "keys") and hasattr(request[0], "__iter__"):
        request[0] = list(request[0])
    if "idempotency_key" in fields:
        own = {"Idempotency-Key": fields.pop("idempotency_key")}
        request[_PLACES["extra_headers"]] = {**own, **(request[_PLACES["extra_headers"]] or {})}
    headers = request[_PLACES["extra_headers"]]
    if isinstance(headers, dict):
        request[_PLACES["extra_headers"]] = {name: value for name, value in headers.items() if is_given(value)}
    stream = bool(fields.pop("stream", False))
    if "max_completion_tokens" in fields:  # two names of one argument; the newer one counts
        request[_PLACES["max_tokens"]] = fields.pop("max_completion_tokens")
    options = fields.get("stream_options")
    show_usage = isinstance(options, dict) and bool(options.get("include_usage"))
    return (*request, fields), stream, show_usage
