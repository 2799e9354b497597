"""The client."""

from __future__ import annotations

from .. import _resources
from .._requests.arguments import openai_arguments
from .base import BaseClient
from .doors import blocking, takes
from .stream import ChatCompletionStream, Stream

# What most programs never use is imported where it is used.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._values.message import Message
    from .resources import Files, Models


class Kimi(BaseClient):
    __doc__ = BaseClient.__doc__

    def _furnish(self) -> None:
        self.chat = Chat(self._sender)

    @property
    def models(self) -> Models:
        """The models that the provider serves: `list`, `check`."""
        from .resources import Models

        return Models(self._sender)

    @property
    def files(self) -> Files:
        """The files at the provider: `create`, `list`, `retrieve`, `content`, `delete`, `delete_uploads`."""
        from .resources import Files

        return Files(self._sender)

    @takes(BaseClient._arguments)
    def stream(self, *arguments: Any, **named: Any) -> Stream:
        """Starts an answer; returns when the response head has come.

        prompt      a text, a list of content parts, or a list of messages (dicts or `Message`s); a part is a text, an
                    `Image`, a `Video`, another library's picture or a dict. `messages=` is another name of it
        thinking    True, False, "keep" (earlier reasoning stays in view), or None for the model's default
        max_tokens  of reasoning and answer together
        on_break, max_breaks, continue_on_length
                    what becomes of an answer that breaks or is cut at the limit; None: as the client has it, see `Kimi`
        check       what becomes of a request that breaks a rule of provider or model: "warn" (the default) sends it and
                    says so in a Notice, "fix" changes it, "error" raises, "off" does not look
        prefill     the beginning of the answer, for the model to go on from; the answer does not repeat it
        on_upload   told (sent, total) in bytes while media go out; see `kimistream.progress.Bar`
        extra_body  merged into the request last and deep
        fields      any other field of the API by its own name

        Raises APIStatusError and APIConnectionError here, after retries; what happens later is raised while reading.
        """
        core = self._core.start(ready(self._sender, self._arguments(*arguments, **named)), True, False)
        core.wait_for_head()
        return Stream(core)

    @takes(BaseClient._arguments)
    def complete(self, *arguments: Any, **named: Any) -> Message:
        """The whole answer at once, asked for without streaming. Arguments and errors as for `stream`.

        Where a proxy in between did not wait for it (504, 524), the next attempt asks for a stream and gathers it; with
        `on_break` "restart" or "continue" the first one does, so that there is something to go on from.
        """
        return self._core.complete(ready(self._sender, self._arguments(*arguments, **named)))

    balance = blocking(_resources.balance)
    count_tokens = blocking(_resources.count_tokens)
    extract = blocking(_resources.extract)

    def close(self, *, delete_uploads: bool = False) -> None:
        """Closes the kept connections. Streams under way go on. `delete_uploads`: see `files.delete_uploads`."""
        if delete_uploads:
            self.files.delete_uploads()
        self._core.close()

    def __enter__(self) -> Kimi:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def ready(sender: Sender, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as they are sent, after what must be uploaded for them. Waits for that."""
    if sender.is_plain(arguments):
        return arguments
    arguments = sender.completed(arguments)
    if sender.must_upload(arguments):
        from .driver import run

        arguments = run(sender.core, sender.uploads.prepare_steps(arguments))
    return arguments


class Completions:
    """`client.chat.completions`, as openai-python has it."""

    __slots__ = ("_sender",)

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, **arguments: Any) -> Any:
        """A ChatCompletion, or with `stream=True` an iterator of ChatCompletionChunks. Takes every field of the API by
        its name, and `extra_body`, `extra_headers`, `extra_query`, `timeout`, `on_break`, `max_breaks` and
        `continue_on_length`.

        Chunks go on with the same `id` when a broken answer is continued. They cannot be taken back: where it would
        have to be restarted after one with content, reasoning or a tool call, IncompleteStreamError is raised."""
        request, stream, show_usage = openai_arguments(arguments)
        request = ready(self._sender, request)
        if not stream:
            return self._sender.core.complete_chat(request)
        core = self._sender.core.start(request, True, True)
        if show_usage:
            core.show_usage_chunks()
        core.wait_for_head()
        return ChatCompletionStream(core)


class Chat:
    """`client.chat`, as openai-python has it."""

    __slots__ = ("completions",)

    def __init__(self, sender: Sender) -> None:
        self.completions = Completions(sender)
