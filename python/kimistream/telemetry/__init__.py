"""Metrics, traces and logs of a client's requests. Nothing is imported, and nothing costs anything, before it is asked
for; a client that is instrumented twice in the same way counts once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any

    from .call import Call


def instrument(client: Any, tracer_provider: Any = None, meter_provider: Any = None, content: bool = False) -> None:
    """OpenTelemetry, by its conventions for generative AI, whose version is in the scope's schema_url. Needs the extra
    `otel`.

    A CLIENT span "chat MODEL" from the call to the end of the answer, retries within, below the caller's current span;
    and the histograms gen_ai.client.token.usage, .operation.duration and .operation.time_to_first_chunk.
    A run is "invoke_agent", with its requests and "execute_tool NAME" below, from its first event to its end; what a
    tool does stands below its call. A swarm is "invoke_workflow", with "invoke_agent NAME" for each task below.

    tracer_provider, meter_provider   None: the global ones
    content  True: what was asked and answered is told, too: messages, system instructions, calls and their results
    """
    from .otel import Instrument

    attach(client, Instrument(client, tracer_provider, meter_provider, content))


def prometheus(client: Any, port: int | None = None) -> Any:
    """A collector for prometheus_client, which is not registered: `REGISTRY.register(prometheus(client))`. Needs the
    extra `prometheus`. Rows of `map` are counted when they have ended, and are not among kimistream_open_requests.

    port  serves it on 127.0.0.1 at this port as well, until the process ends; 0 takes a free one, `.port` says which
    """
    from .prom import Collector

    found = _attached(client, Collector)
    collector = attach(client, Collector()) if found is None else found
    if port is not None:
        collector.serve(port)
    return collector


def hook(client: Any, function: Callable[[Call], object]) -> None:
    """Calls `function(call)` when an answer has ended, however it did, on the thread that read it: for anything else.
    What it raises goes to sys.unraisablehook."""
    from .call import Hook

    attach(client, Hook(function))


def log(client: Any, logger: logging.Logger | None = None, level: int | None = None) -> None:
    """A line of JSON for each answer that has ended: who was asked, how it ended, tokens, cost, seconds; nothing that
    was said. None: to the logger "kimistream.requests", at INFO, and WARNING for failures."""
    from .logs import Logged

    attach(client, Logged(logger, level))


def attach(client: Any, watcher: Any) -> Any:
    """Adds a watcher to a client, unless one that is equal to it is there; gives the one that counts."""
    sender = client._sender
    for known in sender.watchers:
        if known == watcher:
            return known
    sender.watchers = (*sender.watchers, watcher)
    return watcher


def _attached(client: Any, kind: type) -> Any:
    return next((watcher for watcher in client._sender.watchers if isinstance(watcher, kind)), None)
