"""How an answer or a run went: thinking, words, calls and what came of them, in the order in which they came."""

from __future__ import annotations

import threading
import time

from .counts import money, seconds, tokens
from .markdown import end_of
from .sheet import Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Entry(Protocol):
        """A part of a story."""

        def put(self, sheet: Sheet, live: bool) -> None: ...


_SHORT = 90  # characters of a title
_LIVE_THINKING = 4000  # characters that are drawn while they come
_LIVE_WORDS = 20_000


class Said:
    """Thinking or words, fragment by fragment."""

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind = kind
        self.fragments = [text]

    def put(self, sheet: Sheet, live: bool) -> None:
        text = "".join(self.fragments)
        if self.kind == "text":
            shown = end_of(text, _LIVE_WORDS) if live else text
            if len(shown) < len(text):
                sheet.line(f"… {len(text) - len(shown):,} characters before, which are shown at the end")
            sheet.words(shown)
        elif text:
            title = f"Thinking: {len(text):,} characters"
            if live:  # what it thinks just now can be seen without opening it
                title, text = f"Thinking … {_short(text[-_SHORT:], end=True)}", text[-_LIVE_THINKING:]
            sheet.folded(title, text)


class Called:
    """A call, and its result when that has come."""

    def __init__(self, name: str, arguments: str = "") -> None:
        self.name = name
        self.arguments = [arguments]
        self.progress: list[str] = []
        self.result: str | None = None
        self.error: BaseException | None = None
        self.seconds = 0.0

    def put(self, sheet: Sheet, live: bool) -> None:
        call = f"{self.name}({''.join(self.arguments)})"
        texts = [call, *self.progress]
        now = self.progress[-1] if self.progress else ""
        if self.result is not None:
            now = self.result
            texts.append(self.result)
        sign = "✗" if self.error is not None else "→" if self.result is not None else "…" if live or now else ""
        took = f" ({seconds(self.seconds)})" if self.seconds >= 0.05 else ""
        sheet.folded(f"{_short(call)} {sign} {_short(now)}{took}".rstrip(), *texts)


class Met:
    """A notice."""

    def __init__(self, text: str) -> None:
        self._text = text

    def put(self, sheet: Sheet, live: bool) -> None:
        sheet.line(f"⚠ {self._text}")


class Story:
    """Taken from events while they come (`take`), or from messages (`add`). One thread writes, another may draw it.

    totals    gives the `Usage` of all of it, as far as it is known; asked for on the thread that writes
    currency  of its cost, where its usage tells none
    whole     gives the `Message` that all of it amounts to, where it is one; None otherwise
    """

    def __init__(
        self, totals: Callable[[], Any] = lambda: None, currency: str = "", whole: Callable[[], Any] = lambda: None
    ) -> None:
        self.usage: Any = None
        self.currency = currency
        self._totals = totals
        self._whole = whole
        self.model: str | None = None
        self.state = ""
        self.error: BaseException | None = None
        self.seconds: float | None = None
        self._entries: list[Entry] = []
        self._answer = 0  # where the answer begins that comes now
        self._calls: dict[Any, Called] = {}
        self._began = time.monotonic()

    # ---- from messages ----

    def add(self, message: Any) -> None:
        """A `Message` of the model's."""
        self._answer = len(self._entries)
        if message.reasoning:
            self._entries.append(Said("thinking", message.reasoning))
        if message.text:
            self._entries.append(Said("text", message.text))
        for call in message.tool_calls:
            self._call(call.id, call.name, call.arguments)
        self._entries += [Met(warning.message) for warning in message.warnings]
        self.model = message.model or self.model
        self.finished(message.finish_reason)

    def whole(self) -> None:
        """Takes what is known of all of it: its usage, and the message that it amounts to, if it is one."""
        self.usage = self._totals() or self.usage
        message = self._whole()
        if message is not None:
            self._entries, self._calls = [], {}
            self.add(message)

    def result(self, id: str, content: Any) -> None:
        """What came of a call."""
        if id in self._calls:
            self._calls[id].result = _text_of(content)

    def finished(self, reason: str | None) -> None:
        self.state = _ENDS.get(reason, f"ended by {reason}")

    # ---- from events ----

    def take(self, event: Any) -> None:
        """Of a stream or a run."""
        then = _TAKEN.get(event.type)
        if then is not None:
            then(self, event)

    def ended(self, error: BaseException | None = None) -> None:
        """Nothing more comes."""
        self.seconds = time.monotonic() - self._began
        self.whole()
        self.error = error if isinstance(error, Exception) else None
        if error is not None:
            self.state = "" if self.error is not None else "stopped"

    def _say(self, event: Any) -> None:
        last = self._entries[-1] if self._entries else None
        if not isinstance(last, Said) or last.kind != event.type or len(self._entries) == self._answer:
            last = Said(event.type)
            self._entries.append(last)
        last.fragments.append(event.text)

    def _call(self, id: Any, name: str, arguments: str = "") -> Called:
        called = Called(name, arguments)
        self._calls[id] = called
        self._entries.append(called)
        return called

    def _begin_call(self, event: Any) -> None:
        self._calls["now", event.index] = self._call(event.id, event.name)

    def _argue(self, event: Any) -> None:
        if ("now", event.index) in self._calls:
            self._calls["now", event.index].arguments.append(event.arguments)

    def _whole_call(self, event: Any) -> None:
        called = self._calls.pop(("now", event.index), None) or self._call(event.id, event.name)
        called.arguments = [event.arguments]

    def _progress(self, event: Any) -> None:
        if event.id in self._calls:
            self._calls[event.id].progress.append(_text_of(event.content))

    def _result(self, event: Any) -> None:
        called = self._calls.get(event.id) or self._call(event.id, event.name)
        called.result, called.error, called.seconds = _text_of(event.content), event.error, event.seconds

    def _restart(self, event: Any) -> None:
        del self._entries[self._answer :]
        self._entries.append(Met(event.reason))
        self._answer = len(self._entries)

    def _step(self, event: Any) -> None:
        self._answer = len(self._entries)

    def _count(self, event: Any) -> None:
        self.usage = event

    def _finish(self, event: Any) -> None:
        self.finished(event.reason)

    def _meet(self, event: Any) -> None:
        self._entries.append(Met(event.message))

    # ---- as a page ----

    def sheet(self, live: bool = False) -> Sheet:
        """`live`: more is to come."""
        sheet = Sheet()
        entries = self._entries[:]
        for entry in entries:
            entry.put(sheet, live and entry is entries[-1])
        if self.error is not None:
            sheet.failure(type(self.error).__name__, str(self.error))
        if live and not entries:
            sheet.line("…")
        elif not live:
            usage = self.usage
            told = (self.state, tokens(usage), seconds(self.seconds), money(usage, self.currency), self.model)
            sheet.line(" · ".join(each for each in told if each))
        return sheet


class Looked(Story):
    """Of a stream that gives something else than events: what has come is looked at, when it is drawn and at its end.
    `whole` and `totals` are asked for on any thread, one at a time, and not any more once it has ended."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._one_at_a_time = threading.Lock()
        self._over = False

    def take(self, event: Any) -> None:
        """What it says is in the message."""

    def ended(self, error: BaseException | None = None) -> None:
        with self._one_at_a_time:
            self._over = True
            super().ended(error)

    def sheet(self, live: bool = False) -> Sheet:
        with self._one_at_a_time:
            if live and not self._over:
                self.whole()
            return super().sheet(live)


_TAKEN: dict[str, Callable[[Story, Any], None]] = {
    "thinking": Story._say,
    "text": Story._say,
    "tool_call_start": Story._begin_call,
    "tool_call_delta": Story._argue,
    "tool_call": Story._whole_call,
    "tool_progress": Story._progress,
    "tool_result": Story._result,
    "restarted": Story._restart,
    "step_start": Story._step,
    "usage": Story._count,
    "finish": Story._finish,
    "notice": Story._meet,
}
_ENDS = {
    None: "not finished",
    "stop": "",
    "tool_calls": "",
    "length": "cut at the limit of tokens",
    "content_filter": "cut by the provider's filter",
}


def _short(text: str, end: bool = False) -> str:
    line = " ".join(text.split())
    if len(line) <= _SHORT:
        return line
    return f"…{line[-_SHORT:]}" if end else f"{line[:_SHORT]}…"


def _text_of(content: Any) -> str:
    if isinstance(content, list):
        parts = (part.get("text") or "" if isinstance(part, dict) else repr(part) for part in content)
        return "\n".join(part for part in parts if part)
    return content if isinstance(content, str) else repr(content)
