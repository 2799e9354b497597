"""A run of tools: what both clients' have, and the state that it can be taken up from."""

from __future__ import annotations

import os
import threading

from .. import _core
from .._requests.prompts import messages_of
from .._requests.watching import run_watch
from .._tools.tool_set import ToolSet
from .._values.errors import InvalidRequestError
from .allowance import Allowance
from .expected import expected_in
from .files import broken, kept_message, kept_usage, plain_message, plain_usage, read, write
from .loop import STOPS, Limits, Loop
from .standing import Standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._clients.base import BaseClient
    from .files import Path

_KIND = "run"


class BaseRun(Standing):
    """What a run tells of itself, without waiting."""

    _run: Loop
    _saved: Saved

    @property
    def messages(self) -> list[Any]:
        """The prompt and all finished steps, a copy: they can be sent on."""
        return list(self._run.messages)

    def save(self, path: Path) -> None:
        """Writes its state, whole or not at all. `client.run(the same prompt, tools, state=path)` goes on from there,
        and calls no function again that has ended."""
        self._saved.write(path, self._run)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stopped or 'open'}, {self.steps} steps>"


def begin(
    client: BaseClient,
    prompt: Any,
    tools: Iterable[Any] | None,
    limits: tuple[int, int, float | None],
    state: Path | None,
    budget: Any,
    web_search: bool,
    options: dict[str, Any],
) -> tuple[Loop, Saved]:
    """The loop of a run, from its beginning or from its state."""
    if prompt is None:
        prompt = options.pop("messages", None)
    question = messages_of(prompt)
    if not question:
        raise InvalidRequestError("the prompt is empty: there is nothing to ask")
    saved = Saved(question, options.get("system"))

    def changed() -> None:
        if state is not None:
            saved.write(state, loop)

    options = {name: value for name, value in options.items() if value is not None}
    expected = expected_in(options, client)
    loop = Loop(question, ToolSet(tools, web_search), options, Limits(*limits), on_change=changed, expected=expected)
    loop.watch = run_watch(client._sender.watchers, client._core, list(question), options)
    if state is not None and os.path.exists(state):
        saved.load(state, loop)
        if expected is not None and loop.stopped == "done" and loop.message is not None:
            loop.message._parsed = expected.schema.read(loop.message.text)[0]
    if budget is not None:
        loop.allowances.append(Allowance(client, budget, spent=loop.usage))
    return loop, saved


class Saved:
    """The state of a run as a file has it. What was said once is not made into plain types again."""

    def __init__(self, question: list[Any], system: str | None = None) -> None:
        self._length = len(question)
        self._system = system
        self._plain: list[Any] = []
        self._lock = threading.Lock()  # outcomes arrive on their tools' threads

    def write(self, path: Path, loop: Loop) -> None:
        with self._lock:
            self._write(path, loop)

    def _write(self, path: Path, loop: Loop) -> None:
        self._plain.extend(plain_message(message) for message in loop.messages[len(self._plain) :])
        write(
            path,
            _KIND,
            {
                "system": self._system,
                "question": self._plain[: self._length],
                "messages": self._plain[self._length :],
                "message": None if loop.message is None else plain_message(loop.message),
                "pending": None if loop.pending is None else plain_message(loop.pending),
                "results": [
                    [place, _core.loads(_core.dumps(content))] for place, content in list(loop.results.items())
                ],
                "steps": loop.steps,
                "usage": plain_usage(loop.usage),
                "stopped": loop.stopped,
                "told_to_stop": loop.told_to_stop,
                "same": loop.same,
                "last": loop.last,
            },
        )

    def load(self, path: Path, loop: Loop) -> None:
        """Raises InvalidRequestError for a file that is none, or the state of another question."""
        kept = read(path, _KIND)
        try:
            is_same = kept["question"] == [plain_message(message) for message in loop.messages]
            if not is_same or kept.get("system", self._system) != self._system:
                other = "system" if is_same else "question"
                raise InvalidRequestError(
                    f"{os.fspath(path)}: this is the state of a run with another {other}; it stays as it is. "
                    "Name another file, or delete it to begin anew"
                )
            messages = [kept_message(message) for message in kept["messages"]]
            message, pending = kept["message"], kept["pending"]
            loop.message = None if message is None else kept_message(message)
            loop.pending = None if pending is None else kept_message(pending)
            loop.results = {int(place): content for place, content in kept["results"]}
            loop.steps, loop.stopped = _steps(kept["steps"]), _stop(kept["stopped"])
            loop.usage = kept_usage(kept["usage"])
            loop.told_to_stop, loop.same, loop.last = bool(kept["told_to_stop"]), int(kept["same"]), kept["last"]
        except InvalidRequestError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise broken(path, _KIND, error) from None
        loop.messages.extend(messages)


def _steps(kept: Any) -> int:
    if isinstance(kept, bool) or not isinstance(kept, int) or kept < 0:
        raise ValueError(f"steps is a count, not {kept!r}")
    return kept


def _stop(kept: Any) -> str | None:
    if kept is not None and kept not in STOPS:
        raise ValueError(f"stopped is one of {', '.join(STOPS)} or null, not {kept!r}")
    return kept  # type: ignore[no-any-return]
