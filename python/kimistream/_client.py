"""The client."""

from __future__ import annotations

from . import _core, _errors, _headers, _message, _object
from ._request import DEFAULT_RETRIES, client_setup, openai_arguments
from ._sending import Sender
from ._stream import ChatCompletionStream, Stream

# _files and _resources are imported where they are used: most programs never do.

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import Any, BinaryIO

    from ._files import Extracted, Files
    from ._request import Check, OnBreak, Thinking
    from ._resources import Balance, Models, TokenCount

_core.register(
    message=_message.Message,
    tool_call=_message.ToolCall,
    usage=_message.Usage,
    finish=_message.Finish,
    notice=_message.Notice,
    headers=_headers.Headers,
    make_error=_errors.make_error,
    log=_errors.log,
    object=_object.Object,
    completion=_object.ChatCompletion,
    completion_chunk=_object.ChatCompletionChunk,
)


class Kimi:
    """A client for Kimi, wherever it is served.

    api_key          else MOONSHOT_API_KEY, else KIMI_API_KEY
    provider         the name of a row, e.g. "moonshot", "vllm"; else KIMISTREAM_PROVIDER, else the row whose address
                     `base_url` is, else "moonshot". Or a row as a dict, see `kimistream.register_provider`
    base_url         replaces the row's address
    model            for requests that name none; else the provider's default
    timeout          seconds for connecting, for the first event and for silence between events, each; there is no limit
                     for the whole answer. None: 60 s, 16 min and 10 min
    max_retries      of attempts that failed before an answer began
    default_headers  sent with every request
    environment      a name in the file of environments, which is read only when one is named here or, for a client that
                     names neither provider nor base_url, in KIMISTREAM_ENVIRONMENT. The file is the one in
                     KIMISTREAM_CONFIG, else ./kimistream.toml, else ~/.config/kimistream/config.toml; what is passed
                     here comes before what it says. It never holds a key: `key_variable` names the variable of one

            [environments.dev]
            provider = "mine"                  # also: base_url, model, timeout, max_retries, headers
            key_variable = "DEV_KEY"
            options = { thinking = false }     # for every request: any argument of `stream`, or field of the API

            [providers.mine]                   # see `register_provider`
            inherits = "vllm"
            base_url = "http://gpu-7:8000/v1"

    Safe to share between threads: each request uses a connection of its own and leaves it for the next.
    Raises InvalidRequestError for what cannot work, before anything is sent.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        provider: str | Mapping[str, Any] | None = None,
        base_url: str | None = None,
        model: str | None = None,
        timeout: float | None = None,
        max_retries: int = DEFAULT_RETRIES,
        default_headers: dict[str, str] | None = None,
        environment: str | None = None,
    ) -> None:
        self._setup = client_setup(
            api_key, provider, base_url, model, timeout, max_retries, default_headers, environment
        )
        self._core = _core.Client(**self._setup.core)
        self._setup.core.pop("api_key")
        self._sender = Sender(self._core, self._setup.defaults)
        self.chat = Chat(self._sender)

    @property
    def models(self) -> Models:
        """The models that the provider serves: `list`, `check`."""
        from ._resources import Models

        return Models(self._core)

    @property
    def files(self) -> Files:
        """The files at the provider: `create`, `list`, `retrieve`, `content`, `delete`, `delete_uploads`."""
        from ._files import Files

        return Files(self._sender)

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
        on_upload: Callable[[int, int], object] | None = None,
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
        on_upload   told (sent, total) in bytes while media go out; see `kimistream.progress.Bar`
        extra_body  merged into the request last and deep
        fields      any other field of the API by its own name

        Raises APIStatusError and APIConnectionError here, after retries; what happens later is raised while reading.
        """
        arguments = (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break, check, prefill),
            *(on_upload, extra_body, extra_headers, fields),
        )
        core = self._core.start(self._sender.ready(arguments), True, False)
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
        on_upload: Callable[[int, int], object] | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> _message.Message:
        """The whole answer at once, asked for without streaming. Arguments and errors as for `stream`."""
        arguments = (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break, check, prefill),
            *(on_upload, extra_body, extra_headers, fields),
        )
        return self._core.complete(self._sender.ready(arguments))

    def balance(self, *, timeout: float | None = None) -> Balance:
        """What is left on the account, in exact decimals. Raises InvalidRequestError where the provider tells none."""
        from . import _resources

        stream = self._core.send(_resources.balance_path(self._core), timeout=timeout)
        return _resources.balance(_core.body_text(stream), self._core.currency)

    def count_tokens(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        tools: list[Any] | None = None,
        timeout: float | None = None,
    ) -> TokenCount:
        """How many tokens a prompt has; prompt, model, system and tools as for `stream`.

        The provider counts them. Where it has no such resource they are estimated here, and `.estimated` says so: 2/3
        of a token for a Chinese, Japanese or Korean character, 1/4 for an ASCII letter, digit or blank, 1/2 for any
        other character and 2 for an emoji; 4 for each message, 1,024 for an image and 8,192 for a video, whose real
        numbers depend on their size. Tools are always estimated, by their JSON: providers have no field for them.
        """
        from . import _resources

        request = _resources.token_request(prompt, model, system, tools, timeout, self._setup.defaults)
        if not _resources.counts_tokens(self._core):
            return _resources.estimated(request)
        try:
            answer = _core.body_text(self._core.count_tokens(request))
        except _errors.APIStatusError as error:
            if _resources.has_no_such_resource(error):
                return _resources.estimated(request)
            raise
        return _resources.counted(answer, request)

    def extract(
        self,
        *files: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
        timeout: float | None = None,
        delete: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> Extracted:
        """The text of documents, as messages to stand before a question about them:

            client.complete([*client.extract("report.pdf"), {"role": "user", "content": "Sum it up."}])

        Uploads each (see `files.create`), waits until its text is ready, and makes one system message of it, whole and
        as the provider gives it. `.files` of the result are the files at the provider.

        timeout      seconds as for `files.create`, and for each file's extraction; None: 10 minutes for that
        delete       delete the files afterwards, also when something fails; not on Ctrl-C, which ends at once

        Raises APIError for a file that the provider cannot read, APITimeoutError for one that takes too long.
        """
        from ._files import extract_steps, run

        return run(self._core, extract_steps(self._core, files, timeout, delete, on_progress))

    def close(self, *, delete_uploads: bool = False) -> None:
        """Closes the kept connections. Streams under way go on. `delete_uploads`: see `files.delete_uploads`."""
        if delete_uploads:
            self.files.delete_uploads()
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

    @property
    def environment(self) -> str | None:
        """The environment of the configuration file that this client is for, or None."""
        return self._setup.environment

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(provider={self.provider!r}, base_url={self.base_url!r})"


class Completions:
    """`client.chat.completions`, as openai-python has it."""

    __slots__ = ("_sender",)

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, **arguments: Any) -> Any:
        """A ChatCompletion, or with `stream=True` an iterator of ChatCompletionChunks. Takes every field of the API by
        its name, and `extra_body`, `extra_headers` and `timeout`."""
        request, stream, show_usage = openai_arguments(arguments)
        request = self._sender.ready(request)
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
