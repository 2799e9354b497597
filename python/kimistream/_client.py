"""The client."""

from __future__ import annotations

from . import _core, _errors, _headers, _message, _object
from ._request import client_arguments, native_arguments, openai_arguments
from ._stream import ChatCompletionStream, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._request import Check, OnBreak, Thinking

_core.register(
    message=_message.Message,
    tool_call=_message.ToolCall,
    usage=_message.Usage,
    finish=_message.Finish,
    notice=_message.Notice,
    headers=_headers.Headers,
    make_error=_errors.make_error,
    completion_chunk=_object.ChatCompletionChunk,
)


class Kimi:
    """A client for Kimi, wherever it is served.

    api_key          else MOONSHOT_API_KEY, else KIMI_API_KEY
    provider         the name of a row, e.g. "moonshot", "vllm"; else KIMISTREAM_PROVIDER, else the row whose address
                     `base_url` is, else "moonshot"
    base_url         replaces the row's address
    model            for requests that name none; else the provider's default
    timeout          seconds for connecting, for the first event and for silence between events, each; there is no limit
                     for the whole answer. None: 60 s, 16 min and 10 min
    max_retries      of attempts that failed before an answer began
    default_headers  sent with every request

    Safe to share between threads: each request uses a connection of its own and leaves it for the next.
    Raises InvalidRequestError for what cannot work, before anything is sent.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        provider: str | None = None,
        base_url: str | None = None,
        model: str | None = None,
        timeout: float | None = None,
        max_retries: int = 2,
        default_headers: dict[str, str] | None = None,
    ) -> None:
        self._core = _core.Client(
            **client_arguments(api_key, provider, base_url, model, timeout, max_retries, default_headers)
        )
        self.chat = Chat(self._core)
        self.models = Models(self._core)

    def stream(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        thinking: Thinking = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        on_break: OnBreak = None,
        check: Check = None,
        prefill: str | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Stream:
        """Starts an answer; returns when the response head has come.

        prompt      a text, a list of content parts, or a list of messages (dicts or `Message`s)
        thinking    True, False, "keep" (earlier reasoning stays in view), or None for the model's default
        max_tokens  of reasoning and answer together
        check       what becomes of a request that breaks a rule of provider or model: "warn" (the default) sends it and
                    says so in a Notice, "fix" changes it, "error" raises, "off" does not look
        prefill     the beginning of the answer, for the model to go on from; the answer does not repeat it
        extra_body  merged into the request last and deep
        fields      any other field of the API by its own name

        Raises APIStatusError and APIConnectionError here, after retries; what happens later is raised while reading.
        """
        request = native_arguments(
            prompt,
            model,
            system,
            thinking,
            tools,
            tool_choice,
            max_tokens,
            timeout,
            on_break,
            check,
            prefill,
            extra_body,
            extra_headers,
            fields,
        )
        core = self._core.start(request, True, False)
        core.wait_for_head()
        return Stream(core)

    def complete(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        thinking: Thinking = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        on_break: OnBreak = None,
        check: Check = None,
        prefill: str | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> _message.Message:
        """The whole answer at once, asked for without streaming. Arguments and errors as for `stream`."""
        request = native_arguments(
            prompt,
            model,
            system,
            thinking,
            tools,
            tool_choice,
            max_tokens,
            timeout,
            on_break,
            check,
            prefill,
            extra_body,
            extra_headers,
            fields,
        )
        core = self._core.start(request, False, False)
        return core.message()

    def close(self) -> None:
        """Closes the kept connections. Streams under way go on."""
        self._core.close()

    def __enter__(self) -> Kimi:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        return self._core.base_url

    @property
    def provider(self) -> str:
        return self._core.provider

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(provider={self.provider!r}, base_url={self.base_url!r})"


class Completions:
    """`client.chat.completions`, as openai-python has it."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Client) -> None:
        self._core = core

    def create(self, **arguments: Any) -> Any:
        """A ChatCompletion, or with `stream=True` an iterator of ChatCompletionChunks. Takes every field of the API by
        its name, and `extra_body`, `extra_headers` and `timeout`."""
        request, stream, show_usage = openai_arguments(arguments)
        core = self._core.start(request, stream, True)
        if stream:
            if show_usage:
                core.show_usage_chunks()
            core.wait_for_head()
            return ChatCompletionStream(core)
        completion = _object.ChatCompletion(core.json())
        completion._request_id = core.request_id or None
        return completion


class Chat:
    __slots__ = ("completions",)

    def __init__(self, core: _core.Client) -> None:
        self.completions = Completions(core)


class Models:
    """`client.models`."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Client) -> None:
        self._core = core

    def list(self) -> _object.ModelList:
        """The models that the provider serves. Iterates, and has them in `.data`."""
        return _object.ModelList(self._core.send(self._core.models_path()).json())
