"""What is said: messages, tool calls, usage and notices. Plain values."""

from __future__ import annotations

from .. import _core
from .._notebook.shows import Shows
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .._notebook.sheet import Sheet


class Usage(Value, Shows):
    """Tokens as the provider counted them, and the cost where it said one. None: the provider did not say.

    prompt_tokens       the whole input, the cached part included
    completion_tokens   the whole output, the reasoning included
    cached_tokens       the part of the input that came from a cache
    cost                as the provider told it; else by the prices that are known (`kimistream.prices()`), in their
                        currency; None where there is neither
    cache_write_tokens  the part of it that was written to one, which some providers bill, whatever its lifetime
    cache_write_1h_tokens  the part of that which is kept for an hour
    cost_source         "provider", "prices of 2026-09-20", or None where the cost is not known
    currency            of the cost, e.g. "CNY"; None where it is not known. It is no field of its own, and not saved

    Two are equal where the provider has said the same: a cost by prices follows from the counters.
    """

    _fields = __match_args__ = (
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cached_tokens",
        "reasoning_tokens",
        "cost",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "cost_source",
    )
    __slots__ = (*_fields, "_currency")
    _currency: str
    type: Literal["usage"] = "usage"

    def __init__(
        self,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        total_tokens: int | None = None,
        cached_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        cost: float | None = None,
        cache_write_tokens: int | None = None,
        cache_write_1h_tokens: int | None = None,
        cost_source: str | None = None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = total_tokens
        self.cached_tokens = cached_tokens
        self.reasoning_tokens = reasoning_tokens
        self.cost = cost
        self.cache_write_tokens = cache_write_tokens
        self.cache_write_1h_tokens = cache_write_1h_tokens
        self.cost_source = cost_source

    @property
    def currency(self) -> str | None:
        return getattr(self, "_currency", None) or None

    def _price(self, cost: float | None, price: dict[str, Any] | None) -> None:
        """Takes what it costs by a price; None: there is none."""
        known = None if cost is None else price
        self.cost = cost
        self.cost_source = None if known is None else f"prices of {known['date']}"
        self._currency = "" if known is None else known["currency"]

    def _is_worked_out(self) -> bool:
        return self.cost_source is not None and self.cost_source != TOLD

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _said(self) == _said(other)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        made = super().__reduce__()
        return made if self.currency is None else (*made, (None, {"_currency": self.currency}))

    def _sheet(self) -> Sheet:
        from .._notebook.counts import money, tokens
        from .._notebook.sheet import Sheet

        sheet = Sheet()
        told = [each for each in (tokens(self), money(self), self.cost_source) if each]
        sheet.line(" · ".join(told) or "nothing was counted")
        return sheet

    def __add__(self, more: Usage) -> Usage:
        """Both together, field by field; what neither tells stays None. A sum that prices have a part in is theirs."""
        both: dict[str, Any] = {}
        for name in self._fields[:-1]:
            one, other = getattr(self, name), getattr(more, name)
            both[name] = one if other is None else other if one is None else one + other
        sources = [usage.cost_source for usage in (self, more) if usage.cost is not None]
        worked_out = [source for source in sources if source is not None and source != TOLD]
        both["cost_source"] = (worked_out or sources or [None])[-1]
        usage = Usage(**both)
        currency = self.currency or more.currency
        if currency is not None:
            usage._currency = currency
        return usage


TOLD = "provider"


def _said(usage: Any) -> tuple[Any, ...]:
    cost = None if usage._is_worked_out() else usage.cost
    return (*(getattr(usage, name) for name in Usage._fields if name not in ("cost", "cost_source")), cost)


class Notice(Value):
    """Something that the client met, repaired or left out. `code` is a stable word, `message` a sentence."""

    __slots__ = _fields = __match_args__ = ("code", "message")
    type: Literal["notice"] = "notice"

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class Finish(Value):
    """The model has finished: "stop", "length", "tool_calls", "content_filter", ... (an open set)."""

    __slots__ = _fields = __match_args__ = ("reason",)
    type: Literal["finish"] = "finish"

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Restarted(Value):
    """What was shown of this answer so far is void: it broke off and was asked for anew (`on_break`). `attempt` counts,
    from 2, the requests that began an answer; `reason` is a sentence. Comes only where something had been delivered."""

    __slots__ = _fields = __match_args__ = ("attempt", "reason")
    type: Literal["restarted"] = "restarted"

    def __init__(self, attempt: int, reason: str) -> None:
        self.attempt = attempt
        self.reason = reason


class Function(Value):
    """The function of a tool call: its name, and its arguments as JSON text."""

    __slots__ = _fields = __match_args__ = ("name", "arguments")

    def __init__(self, name: str, arguments: str) -> None:
        self.name = name
        self.arguments = arguments


class ToolCall(Value):
    """A whole call that the model wants made.

    arguments  JSON text; `parse()` gives the object
    complete   False for a call that was cut off: its `arguments` are as far as they came, do not run it
    wire_type  the kind of tool as the provider names it: "function", "builtin_function"
    """

    __slots__ = _fields = __match_args__ = ("index", "id", "name", "arguments", "wire_type", "complete")
    type: Literal["tool_call"] = "tool_call"

    def __init__(
        self, index: int, id: str, name: str, arguments: str, wire_type: str = "function", complete: bool = True
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
        self.wire_type = wire_type
        self.complete = complete

    @property
    def function(self) -> Function:
        """The same under the names of the OpenAI shape."""
        return Function(self.name, self.arguments)

    def parse(self) -> Any:
        """The arguments as Python objects. Raises ValueError when they are not JSON."""
        return _core.loads(self.arguments)

    def _to_wire(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": self.wire_type, "function": function}

    def _to_dict(self, place: int) -> dict[str, Any]:
        """As on the wire; beside that only what says more."""
        kept = self._to_wire()
        if self.index != place:
            kept["index"] = self.index
        if not self.complete:
            kept["complete"] = False
        return kept

    @classmethod
    def _from_dict(cls, kept: dict[str, Any], place: int) -> ToolCall:
        function = kept["function"]
        return cls(
            kept.get("index", place),
            kept.get("id") or "",
            function.get("name") or "",
            function.get("arguments") or "",
            kept.get("type") or "function",
            kept.get("complete", True),
        )


class Message(Value, Shows):
    """One message: what the model answered, or what goes into a conversation.

    content        None (no content came) is not ""; `text` is always a str
    reasoning      also under its other name, `reasoning_content`
    finish_reason  None for a message that broke off
    warnings       Notices of what was met on the way
    resumed        breaks that were mended, by a continuation or a restart (0: none)
    reasoning_details, signature   opaque forms of the reasoning that some providers want back as they came
    """

    _fields = __match_args__ = (
        "role",
        "content",
        "reasoning",
        "tool_calls",
        "finish_reason",
        "usage",
        "warnings",
        "id",
        "model",
        "request_id",
        "resumed",
        "reasoning_details",
        "signature",
    )
    __slots__ = (*_fields, "_parsed", "_seconds")
    _parsed: Any
    _seconds: float  # that its request took, where somebody waited for all of it

    def __init__(
        self,
        role: str = "assistant",
        content: str | list[Any] | None = None,
        reasoning: str | None = None,
        tool_calls: list[ToolCall] | None = None,
        finish_reason: str | None = None,
        usage: Usage | None = None,
        warnings: list[Notice] | None = None,
        id: str | None = None,
        model: str | None = None,
        request_id: str | None = None,
        resumed: int = 0,
        reasoning_details: list[Any] | None = None,
        signature: str | None = None,
    ) -> None:
        self.role = role
        self.content = content
        self.reasoning = reasoning
        self.tool_calls = tool_calls if tool_calls is not None else []
        self.finish_reason = finish_reason
        self.usage = usage
        self.warnings = warnings if warnings is not None else []
        self.id = id or None
        self.model = model or None
        self.request_id = request_id or None
        self.resumed = resumed
        self.reasoning_details = reasoning_details
        self.signature = signature or None

    @property
    def text(self) -> str:
        """The text of the content, "" where there is none."""
        if isinstance(self.content, list):
            return "".join(part.get("text", "") for part in self.content if isinstance(part, dict))
        return self.content or ""

    @property
    def cost(self) -> float | None:
        """What the answer cost, where that is known: `usage.cost`."""
        return None if self.usage is None else self.usage.cost

    def _sheet(self) -> Sheet:
        from .._notebook.story import Story

        story = Story(lambda: self.usage, whole=lambda: self)
        story.whole()
        story.seconds = getattr(self, "_seconds", None)
        return story.sheet()

    @property
    def reasoning_content(self) -> str | None:
        return self.reasoning

    @property
    def parsed(self) -> Any:
        """The answer as its `schema=` has it; without one the content as JSON. Raises ValueError when it is none."""
        try:
            return self._parsed
        except AttributeError:
            return _core.loads(self.text)

    def to_dict(self) -> dict[str, Any]:
        """The message in plain types, for json.dumps: its fields by their names, tool calls and parts as they are on
        the wire. Pictures and videos go in as data URIs. A prompt takes such a dict as it takes the message."""
        kept: dict[str, Any] = {name: getattr(self, name) for name in self._fields}
        kept["content"] = _core.loads(_core.dumps(self.content))
        kept["reasoning_details"] = _core.loads(_core.dumps(self.reasoning_details))
        kept["tool_calls"] = [call._to_dict(place) for place, call in enumerate(self.tool_calls)]
        kept["usage"] = None if self.usage is None else {name: getattr(self.usage, name) for name in Usage._fields}
        kept["warnings"] = [{"code": warning.code, "message": warning.message} for warning in self.warnings]
        return kept

    def to_json(self) -> str:
        """`to_dict` as JSON text without a line break: a line of a JSON Lines file."""
        return _core.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Message:
        """The message that `to_dict` was called on; a message of the OpenAI shape will do. Fields may be missing.

        Raises ValueError for what is no such dict, e.g. has a key that is no field of a message.
        """
        if not isinstance(kept, dict):
            raise TypeError(f"a message is made from a dict, not {type(kept).__name__}; of JSON text: json.loads(text)")
        given = {key: value for key, value in kept.items() if value is not None}
        reasoning = given.pop("reasoning_content", None)
        given.setdefault("reasoning", reasoning)
        unknown = given.keys() - set(cls._fields)
        if unknown:
            raise ValueError(f"a message has no field {min(unknown)!r}: a prompt may take that dict as it is")
        if "role" not in given:
            raise ValueError("a message has a role, and this one says none")
        calls = enumerate(given.pop("tool_calls", ()))
        given["tool_calls"] = [ToolCall._from_dict(call, place) for place, call in calls]
        given["warnings"] = [Notice(**warning) for warning in given.pop("warnings", ())]
        if "resumed" in given:
            given["resumed"] = int(given["resumed"])  # before there was a number it was said whether
        if "usage" in given:
            given["usage"] = Usage(**{name: given["usage"].get(name) for name in Usage._fields})
        return cls(**given)

    def _to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"role": self.role, "content": self.content, "reasoning_content": self.reasoning}
        wire["reasoning_details"] = self.reasoning_details
        wire["signature"] = self.signature
        if self.tool_calls:
            wire["tool_calls"] = [call._to_wire() for call in self.tool_calls]
        return {key: value for key, value in wire.items() if value is not None}
