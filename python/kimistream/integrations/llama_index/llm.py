"""The LLM itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.generic_utils import (
    achat_to_completion_decorator,
    astream_chat_to_completion_decorator,
    chat_to_completion_decorator,
    stream_chat_to_completion_decorator,
)
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.bridge.pydantic import Field, PrivateAttr, SecretStr
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.prompts import PromptTemplate

from ..._clients.async_kimi import AsyncKimi
from ..._clients.kimi import Kimi as Client
from ..clients import clients_of, model_of, of_requests
from ..requests import ask_forced_without_thinking, choice_of, loosened
from .answers import Growing, one_call, selections, to_response
from .messages import to_kimi


class Kimi(FunctionCallingLLM):
    """Kimi as an LLM of LlamaIndex, wherever it is served.

        Kimi(model="kimi-k2.6").complete("Why is the sky blue?")

    The thinking is a `ThinkingBlock`, in a stream also `additional_kwargs["thinking_delta"]` of the response, and goes
    back to the model with the history, which Moonshot demands of turns with tool calls. A forced tool is asked for
    without thinking where `thinking` was left open. Errors are kimistream's own.

    model, api_key, provider, base_url, timeout, max_retries, default_headers, environment, on_break, max_breaks,
    continue_on_length, cassette, history
                 as of `kimistream.Kimi`, keys and addresses from the same variables
    temperature, top_p, max_tokens, thinking, extra_body, extra_headers
                 of every request, as of `kimistream.Kimi.stream`; additional_kwargs: any other field of the API
    check        what becomes of a request that breaks a rule of provider or model: "fix", unlike in the client itself,
                 "warn", "error" or "off"
    context_window   tokens, for LlamaIndex's own reckoning
    """

    model: str | None = None
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    provider: str | None = None
    base_url: str | None = None
    timeout: Any = None
    max_retries: int | None = None
    default_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    environment: str | None = None
    on_break: str | None = None
    max_breaks: int | None = None
    continue_on_length: int | None = None
    cassette: Any = Field(default=None, exclude=True)
    history: Any = Field(default=None, exclude=True)

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    thinking: bool | str | None = None
    check: str = "fix"
    extra_body: dict[str, Any] | None = None
    extra_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    additional_kwargs: dict[str, Any] = Field(default_factory=dict)
    context_window: int = 262_144

    _client: Client = PrivateAttr()
    _async_client: AsyncKimi = PrivateAttr()

    def __init__(self, **given: Any) -> None:
        """InvalidRequestError for what cannot work, such as a missing key; ValidationError for wrong types."""
        if "api_base" in given:  # OpenAILike's name of it
            given["base_url"] = given.pop("api_base")
        super().__init__(**given)
        self._client, self._async_client = clients_of(self)

    @classmethod
    def class_name(cls) -> str:
        return "Kimi"

    @property
    def client(self) -> Client:
        """The client that it asks with."""
        return self._client

    @property
    def async_client(self) -> AsyncKimi:
        return self._async_client

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.context_window,
            num_output=self.max_tokens or -1,
            is_chat_model=True,
            is_function_calling_model=True,
            model_name=model_of(self, self._client),
        )

    def _request(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the client's `complete` and `stream`."""
        options = {**of_requests(self), **self.additional_kwargs, **given, "messages": to_kimi(messages)}
        options["tool_choice"] = choice_of(options.get("tool_choice"), options.get("tools"))
        ask_forced_without_thinking(options)
        return {name: value for name, value in options.items() if value is not None}

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return to_response(self._client.complete(**self._request(messages, kwargs)))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        stream = self._client.stream(**self._request(messages, kwargs))

        def responses() -> ChatResponseGen:
            growing = Growing()
            with stream:
                for event in stream:
                    response = growing.of(event)
                    if response is not None:
                        yield response
                yield to_response(stream.message, delta="")

        return responses()

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return to_response(await self._async_client.complete(**self._request(messages, kwargs)))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        stream = await self._async_client.stream(**self._request(messages, kwargs))

        async def responses() -> ChatResponseAsyncGen:
            growing = Growing()
            async with stream:
                async for event in stream:
                    response = growing.of(event)
                    if response is not None:
                        yield response
                yield to_response(await stream.message, delta="")

        return responses()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return chat_to_completion_decorator(self.chat)(prompt, **kwargs)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return stream_chat_to_completion_decorator(self.stream_chat)(prompt, **kwargs)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return await achat_to_completion_decorator(self.achat)(prompt, **kwargs)

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        return await astream_chat_to_completion_decorator(self.astream_chat)(prompt, **kwargs)

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[Any],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        if isinstance(user_msg, str):
            user_msg = ChatMessage(role=MessageRole.USER, content=user_msg)
        messages = [*(chat_history or ()), *(() if user_msg is None else (user_msg,))]
        declared = [tool.metadata.to_openai_tool(skip_length_check=True) for tool in tools]
        if not declared:
            return {"messages": messages, **kwargs}
        choice = "required" if tool_choice is None and tool_required else tool_choice
        entries = loosened(declared, self._client._core.row)
        return {"messages": messages, "tools": entries, "tool_choice": choice, **kwargs}

    def _validate_chat_with_tools_response(
        self, response: ChatResponse, tools: Sequence[Any], allow_parallel_tool_calls: bool = False, **kwargs: Any
    ) -> ChatResponse:
        return response if allow_parallel_tool_calls else one_call(response)

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        calls = selections(response)
        if not calls and error_on_no_tool_call:
            raise ValueError(f"Expected at least one tool call, but got {len(calls)} tool calls.")
        return calls

    def structured_predict(
        self, output_cls: Any, prompt: PromptTemplate, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Any:
        """An instance of `output_cls`, in the provider's own way; a wrong answer is sent back with what is wrong with
        it, then it is a SchemaError."""
        messages = self._extend_messages(prompt.format_messages(llm=self, **prompt_args))
        asked = self._request(messages, {**(llm_kwargs or {}), "schema": output_cls})
        return self._client.complete(**asked).parsed

    async def astructured_predict(
        self, output_cls: Any, prompt: PromptTemplate, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Any:
        messages = self._extend_messages(prompt.format_messages(llm=self, **prompt_args))
        asked = self._request(messages, {**(llm_kwargs or {}), "schema": output_cls})
        return (await self._async_client.complete(**asked)).parsed
