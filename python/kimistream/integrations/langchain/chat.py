"""The chat model itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable

from ..._tools.answers import AnswerSchema
from ..._values.errors import SchemaError
from ..._values.message import Message
from ..clients import of_requests
from ..requests import ask_forced_without_thinking, choice_of
from .answers import Chunks, to_message
from .messages import to_kimi
from .settings import Settings
from .structured import structured
from .tools import declared

_NOT_SENT = ("stream", "stream_options", "stream_usage", "keep_wrong_answers", "ls_structured_output_format")


class ChatKimi(Settings):
    """Kimi as a chat model of LangChain, wherever it is served.

        ChatKimi(model="kimi-k2.6").invoke("Why is the sky blue?")

    The thinking is `additional_kwargs["reasoning_content"]` and a block of `content_blocks`, in whole answers and in
    streams, and goes back to the model with the history, which Moonshot demands of turns with tool calls. Usage is in
    the last chunk of a stream. A forced choice of tools is asked for without thinking where `thinking` was left open.
    Errors are kimistream's own. Safe to share between threads and event loops.

    model, api_key, provider, base_url, timeout, max_retries, default_headers, environment, on_break, max_breaks,
    continue_on_length, cassette, history
                 as of `kimistream.Kimi`, keys and addresses from the same variables
    temperature, top_p, max_tokens, stop
                 of every request, as all that has another name here: it is a field of the API
    thinking     True, False, "keep" (earlier reasoning stays in view), or None for the model's default
    check        what becomes of a request that breaks a rule of provider or model, such as the temperature of 0 that
                 frameworks like to send: "fix", unlike in the client itself, "warn", "error" or "off"; what was changed
                 is told in `response_metadata["warnings"]`
    extra_body, extra_headers   as of `kimistream.Kimi.stream`
    streaming    invoke asks for a stream, so that callbacks see the tokens
    stream_usage the last chunk of a stream has the usage
    """

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """The model with tools: functions, pydantic models, LangChain's and kimistream's tools, dicts.

        tool_choice  "auto", "none", "any" (also "required", True), or a tool's name
        strict       whether the model is held to the schemas; None: as far as the provider can
        """
        entries = declared(tools, self._client._core.row, strict)
        chosen = choice_of(tool_choice, entries)
        return self.bind(tools=entries, **({} if chosen is None else {"tool_choice": chosen}), **kwargs)

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: str = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, Any]:
        """Answers as instances of a pydantic model, else as dicts.

        method  "json_schema": the provider's own way where it has one, else JSON mode or words in the prompt; a wrong
                answer is sent back with what is wrong with it. "function_calling": a forced call. "json_mode": JSON
                that the prompt asks for
        """
        return structured(self, schema, method, include_raw, strict, kwargs)

    def get_num_tokens(self, text: str) -> int:
        return int(self._client.count_tokens(text, model=self.model))

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """As the provider counts them, where it can be asked; else an estimate."""
        entries = declared(tools, self._client._core.row, None) if tools else None
        return int(self._client.count_tokens(to_kimi(messages), model=self.model, tools=entries))

    def _request(self, messages: Sequence[BaseMessage], stop: Any, given: dict[str, Any]) -> dict[str, Any]:
        """The arguments of `complete` and `stream`."""
        options = {**self.model_kwargs, **of_requests(self), **given}
        if stop is not None:
            options["stop"] = stop
        for name in _NOT_SENT:
            options.pop(name, None)
        wanted = options.get("response_format")
        if isinstance(wanted, type):
            options["schema"] = options.pop("response_format")
        if options.get("tools"):
            options["tools"] = declared(options["tools"], self._client._core.row, None)
        options["tool_choice"] = choice_of(options.get("tool_choice"), options.get("tools") or ())
        ask_forced_without_thinking(options)
        options["messages"] = to_kimi(messages)
        return {name: value for name, value in options.items() if value is not None and value != []}

    def _streamed_request(self, messages: Sequence[BaseMessage], stop: Any, given: dict[str, Any]) -> dict[str, Any]:
        """The same for a stream, whose answer is shown as it comes: a schema is asked for, and nothing asked again."""
        options = self._request(messages, stop, given)
        schema = options.pop("schema", None)
        options.pop("schema_retries", None)
        if schema is not None:
            wanted, prompt = AnswerSchema(schema).asked(self._client._core.row)
            if wanted is not None:
                options["response_format"] = wanted
            if prompt is not None:
                options["messages"] = [{"role": "system", "content": prompt}, *options["messages"]]
        return options

    def _chunks(self, given: dict[str, Any]) -> Chunks:
        wants_usage = given.get("stream_usage", self.stream_usage) is not False
        return Chunks(self._client.provider, wants_usage, self.output_version)

    def _result(self, message: Message) -> ChatResult:
        answer = to_message(message, self._client.provider)
        info = {"finish_reason": message.finish_reason}
        told = {"model_name": message.model, "token_usage": answer.usage_metadata}
        return ChatResult(generations=[ChatGeneration(message=answer, generation_info=info)], llm_output=told)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        try:
            return self._result(self._client.complete(**self._request(messages, stop, kwargs)))
        except SchemaError as wrong:
            if not kwargs.get("keep_wrong_answers"):
                raise
            return self._result(wrong.message)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        try:
            return self._result(await self._async_client.complete(**self._request(messages, stop, kwargs)))
        except SchemaError as wrong:
            if not kwargs.get("keep_wrong_answers"):
                raise
            return self._result(wrong.message)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        chunks = self._chunks(kwargs)
        with self._client.stream(**self._streamed_request(messages, stop, kwargs)) as stream:
            for event in stream:
                chunk = chunks.of(event)
                if chunk is not None:
                    if run_manager:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            last = chunks.last(stream.message)
        if run_manager:
            run_manager.on_llm_new_token(last.text, chunk=last)
        yield last

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        chunks = self._chunks(kwargs)
        async with self._async_client.stream(**self._streamed_request(messages, stop, kwargs)) as stream:
            async for event in stream:
                chunk = chunks.of(event)
                if chunk is not None:
                    if run_manager:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            last = chunks.last(await stream.message)
        if run_manager:
            await run_manager.on_llm_new_token(last.text, chunk=last)
        yield last
