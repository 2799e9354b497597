"""What spans are made with."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Tracing:
    """A tracer and what it takes of the API. `content`: whether spans tell what was said."""

    def __init__(self, contexts: Any, trace: Any, tracer: Any, content: bool) -> None:
        self._contexts = contexts
        self._trace = trace
        self._tracer = tracer
        self.content = content

    def start(self, name: str, told: dict[str, Any], context: Any = None, **more: Any) -> Any:
        """A span below that of the context; None: the current one's."""
        return self._tracer.start_span(name, context=context, attributes=told, **more)

    def client(self, name: str, told: dict[str, Any], context: Any, start_time: int | None) -> Any:
        """The same of a request to a server."""
        return self.start(name, told, context, kind=self._trace.SpanKind.CLIENT, start_time=start_time)

    def below(self, span: Any) -> Any:
        """The context of what stands below it."""
        return self._trace.set_span_in_context(span)

    def enter(self, context: Any) -> None:
        """Makes it current to the end of this thread or task, which is there for it alone."""
        self._contexts.attach(context)

    def failed(self, span: Any, kind: str, words: str = "") -> None:
        span.set_attribute("error.type", kind)
        span.set_status(self._trace.StatusCode.ERROR, words or None)
