"""The public API as its users write it. Not run but read by mypy (test_typing.py); each assert_type is a promise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from typing_extensions import assert_type

import kimistream
from kimistream import (
    Agent,
    AgentEnd,
    AgentRun,
    APIError,
    APIStatusError,
    AsyncAgentRun,
    AsyncConversation,
    AsyncKimi,
    AsyncSwarm,
    Balance,
    Cassette,
    CassetteMissError,
    ChatCompletion,
    ChatCompletionChunk,
    CompletionUsage,
    Conversation,
    Finish,
    Headers,
    IncompleteStreamError,
    InvalidRequestError,
    Kimi,
    KimiError,
    Message,
    Model,
    Notice,
    ParsedChatCompletion,
    RateLimitError,
    Restarted,
    Row,
    Run,
    Stream,
    Swarm,
    Text,
    Thinking,
    Timeout,
    TokenCount,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
    Usage,
)


def clients() -> None:
    assert_type(kimistream.__version__, str)
    Kimi()
    Kimi("sk-...", provider="moonshot", base_url=None, model="kimi-k2.6", timeout=30, max_retries=0)
    clocks = Timeout(connect=5, first_event=300.0, idle=60, total=None)
    assert_type(clocks.total, float | None)
    Kimi(timeout=clocks).complete("Hello", timeout=Timeout(total=float("inf")))
    Kimi(default_headers={"X-Team": "search"})
    Kimi(on_break="continue", max_breaks=2, continue_on_length=1)
    kimistream.OpenAI(api_key="sk-...")
    kimistream.AsyncOpenAI(api_key="sk-...")
    with Kimi() as client:
        assert_type(client, Kimi)
        assert_type(client.provider, str)
        assert_type(client.base_url, str)


def whole_answers(client: Kimi) -> None:
    message = client.complete("Hello", system="Be kind.", thinking="keep", max_tokens=100, temperature=0.6)
    assert_type(message, Message)
    assert_type(message.role, str)
    assert_type(message.content, str | list[Any] | None)
    assert_type(message.text, str)
    assert_type(message.reasoning, str | None)
    assert_type(message.reasoning_content, str | None)
    assert_type(message.finish_reason, str | None)
    assert_type(message.usage, Usage | None)
    assert_type(message.warnings, list[Notice])
    assert_type(message.tool_calls, list[ToolCall])
    assert_type(message.tool_calls[0].function.name, str)
    assert_type(message.request_id, str | None)
    assert_type(message.resumed, int)
    client.complete(["What is this?", {"type": "image_url", "image_url": {"url": "ms://file"}}])
    client.complete([{"role": "user", "content": "Hello"}, message, {"role": "user", "content": "And now?"}])
    client.complete("Hello", on_break="restart", max_breaks=1, continue_on_length=2)
    client.complete("Hello", thinking=False, extra_body={"a": 1}, extra_headers={"X-Trace": "1"}, timeout=5.5)


def streams(client: Kimi) -> None:
    with client.stream("Hello", thinking=True) as stream:
        assert_type(stream, Stream)
        for event in stream:
            assert_type(
                event,
                Text | Thinking | ToolCallStart | ToolCallDelta | ToolCall | Usage | Finish | Notice | Restarted,
            )
        for text in stream.text:
            assert_type(text, str)
        for thought in stream.thinking:
            assert_type(thought, str)
        assert_type(stream.message, Message)
        assert_type(stream.partial, Message | None)
        assert_type(stream.usage, Usage | None)
        assert_type(stream.request_id, str | None)
        assert_type(stream.status_code, int)
        assert_type(stream.headers, Headers)
        assert_type(stream.headers.get("Retry-After"), str | None)
        stream.close()


def events_by_type(stream: Stream) -> str:
    for event in stream:
        if event.type == "thinking":
            assert_type(event, Thinking)
        elif event.type == "text":
            return event.text
        elif event.type == "tool_call_start":
            return event.id + event.name + str(event.index)
        elif event.type == "tool_call_delta":
            return event.arguments
        elif event.type == "tool_call":
            assert_type(event.parse(), Any)
            assert_type(event.complete, bool)
        elif event.type == "usage":
            assert_type(event.prompt_tokens, int | None)
            assert_type(event.cost, float | None)
        elif event.type == "finish":
            return event.reason
        elif event.type == "restarted":
            assert_type(event.attempt, int)
            assert_type(event.reason, str)
        else:
            assert_type(event, Notice)
    return ""


def events_by_class(stream: Stream) -> str:
    for event in stream:
        match event:
            case Thinking(text) | Text(text):
                return text
            case ToolCallStart(index, id, name):
                assert_type((index, id, name), tuple[int, str, str])
            case ToolCall(name=name, arguments=arguments):
                assert_type((name, arguments), tuple[str, str])
            case Usage(completion_tokens=tokens):
                assert_type(tokens, int | None)
            case Finish(reason):
                return reason
            case Notice(code, message):
                assert_type((code, message), tuple[str, str])
            case Restarted(reason=reason):
                assert_type(reason, str)
            case ToolCallDelta():
                pass
    return ""


def errors(client: Kimi) -> None:
    try:
        client.complete("Hello")
    except RateLimitError as limit:
        assert_type(limit.retry_after, float | None)
    except IncompleteStreamError as incomplete:
        assert_type(incomplete.partial, Message | None)
    except APIStatusError as refused:
        assert_type(refused.message, str)
        assert_type(refused.status_code, int | None)
        assert_type(refused.type, str | None)
        assert_type(refused.request_id, str | None)
        assert_type(refused.headers, Headers)
        assert_type(refused.retryable, bool)
    except APIError as failed:
        assert_type(failed.body, object)
    except InvalidRequestError as mistake:
        both: tuple[ValueError, KimiError] = (mistake, mistake)
        print(both)


def openai_shape(client: Kimi) -> None:
    completion = client.chat.completions.create(model="kimi-k2.6", messages=[{"role": "user", "content": "Hello"}])
    assert_type(completion, ChatCompletion)
    assert_type(completion.choices[0].message.content, str | None)
    assert_type(completion.usage, CompletionUsage | None)
    for chunk in client.chat.completions.create(model="kimi-k2.6", messages=[], stream=True):
        assert_type(chunk, ChatCompletionChunk)
        assert_type(chunk.choices[0].delta.content, str | None)
    assert_type(client.chat.completions.parse(messages=[], response_format=dict), ParsedChatCompletion)
    assert_type(client.with_options(timeout=3), Kimi)
    for model in client.models.list():
        print(model.id)


def resources(client: Kimi) -> None:
    model = client.models.check("kimi-k2.6")
    assert_type(model, Model)
    assert_type(model.id, str)
    assert_type(model.context_length, int | None)
    assert_type(model.supports_image_in, bool | None)
    assert_type(client.balance(), Balance)
    assert_type(client.balance().available_balance, Decimal)
    assert_type(client.balance().currency, str | None)
    assert_type(client.count_tokens("hi", tools=[]), TokenCount)
    assert_type(client.count_tokens("hi").estimated, bool)
    assert_type(client.environment, str | None)
    assert_type(kimistream.register_provider({"name": "mine"}, base_url="http://gpu:8000/v1"), str)
    assert_type(kimistream.providers(), dict[str, dict[str, Any]])
    Kimi(environment="dev")
    cassette = Cassette("a.jsonl", mode="append", realtime=True, repeat=True)
    assert_type(cassette.path, str)
    Kimi(cassette=cassette)
    AsyncKimi(cassette="a.jsonl")
    missed: type[KimiError] = CassetteMissError
    assert missed
    Kimi(provider={"inherits": "vllm", "base_url": "http://gpu:8000/v1"})


async def asynchronous_resources(client: AsyncKimi) -> None:
    assert_type(await client.models.check(), Model)
    assert_type(await client.balance(), Balance)
    assert_type(await client.count_tokens("hi"), TokenCount)


async def asynchronous() -> None:
    async with AsyncKimi(timeout=10) as client:
        assert_type(await client.complete("Hello"), Message)
        async with client.stream("Hello") as stream:
            async for event in stream:
                if event.type == "text":
                    assert_type(event.text, str)
            async for text in stream.text:
                assert_type(text, str)
            assert_type(await stream.message, Message)
            assert_type(stream.partial, Message | None)
        completion = await client.chat.completions.create(model="kimi-k2.6", messages=[])
        assert_type(completion, ChatCompletion)
        print(completion.choices[0].message.content)
        print(len((await client.models.list()).data))


def mistakes(client: Kimi) -> None:
    """What must not pass: mypy says so where an ignore has nothing to ignore."""
    Kimi(timeout="10")  # type: ignore[arg-type]
    Timeout("10")  # type: ignore[arg-type]
    Kimi(retries=3)  # type: ignore[call-arg]
    Kimi(cassette=3)  # type: ignore[arg-type]
    Kimi(http_client=object())  # type: ignore[arg-type]
    client.chat.completions.create(messages=3)  # type: ignore[call-overload]
    Cassette("a.jsonl", "all")  # type: ignore[arg-type]
    client.stream("Hello", thinking="on")  # type: ignore[arg-type]
    client.stream("Hello", on_break="resume")  # type: ignore[arg-type]
    Kimi(on_break="resume")  # type: ignore[arg-type]
    client.complete("Hello").txt  # type: ignore[attr-defined]  # noqa: B018
    Text("a").text = "b"  # type: ignore[misc]


def conversations_and_runs(client: Kimi) -> None:
    def get_weather(city: str) -> str:
        return city

    tool = Tool(get_weather, name="weather", timeout=3)
    assert_type(tool.name, str)
    assert_type(tool.schema, dict[str, Any])
    chat = client.conversation(system="Be kind.", tools=[get_weather, tool], thinking="keep", temperature=1.0)
    assert_type(chat, Conversation)
    assert_type(chat.send("Hello"), Message)
    assert_type(chat.branch(), Conversation)
    assert_type(chat.messages, list[Any])
    assert_type(chat.usage, Usage | None)
    assert_type(chat.cost, float | None)
    assert_type(chat.count_tokens(), TokenCount)
    assert_type(chat.keep_partial(), Message | None)
    with chat.stream("Hello") as stream:
        for text in stream.text:
            assert_type(text, str)
        assert_type(stream.message, Message)
    assert_type(client.load_conversation("chat.json", tools=[tool]), Conversation)
    run = client.run("Go", [get_weather], max_steps=5, state="run.json")
    assert_type(run, AgentRun)
    for event in run:
        if event.type == "tool_result":
            assert_type(event.error, BaseException | None)
    assert_type(run.message, Message)
    assert_type(run.stopped, str | None)
    swarm = client.swarm("Go", [get_weather], plan=["a", {"task": "b"}], workers=2, budget=3)
    assert_type(swarm, Swarm)
    for part in swarm:
        assert_type(part.agent, str)
        if isinstance(part, AgentEnd):
            assert_type(part.state, str)
    assert_type(swarm.agents, list[Agent])
    assert_type(swarm.message, Message)
    assert_type(swarm.cost, float | None)
    for grown in client.stream("Hello", schema={"type": "object"}).objects:
        print(grown)
    with kimistream.mcp.tools(command=["server"]) as tools:
        assert_type(tools, list[Tool])


async def asynchronous_conversations_and_runs(client: AsyncKimi) -> None:
    chat = client.conversation()
    assert_type(chat, AsyncConversation)
    assert_type(await chat.send("Hello"), Message)
    async with chat.stream("Hello") as stream:
        async for text in stream.text:
            assert_type(text, str)
        assert_type(await stream.message, Message)
    run = client.run("Go")
    assert_type(run, AsyncAgentRun)
    async for event in run:
        assert_type(event.type == "finish", bool)
    assert_type(await run.message, Message)
    swarm = client.swarm("Go")
    assert_type(swarm, AsyncSwarm)
    async for part in swarm:
        assert_type(part.agent, str)
    assert_type(await swarm.message, Message)
    async for grown in client.stream("Hello").objects:
        print(grown)


def bulk(client: Kimi) -> None:
    rows = client.map(["a"], "Say {}", concurrency=5, limits=kimistream.Limits(rpm=10), temperature=0.6)
    for row in rows:
        assert_type(row, Row)
        assert_type(row.message, Message | None)
        assert_type(row.error, KimiError | None)
    assert_type(rows.stopped, str | None)
    rows.close()
    run = client.map("rows.jsonl", "{text}", out="answers.jsonl", key="id", progress=False, schema=dict)
    assert_type(run, Run)
    assert_type(list(run.rows()), list[Row])
    client.map(["a"], concurrency="5")  # type: ignore[call-overload]
    client.map(["a"], out=5)  # type: ignore[call-overload]
    next(run)  # type: ignore[call-overload]


async def bulk_awaited(client: AsyncKimi) -> None:
    async for row in client.map(["a"], "Say {}"):
        assert_type(row, Row)
    assert_type(await client.map(["a"], "Say {}", out="answers.jsonl"), Run)
    client.map(["a"], concurrency="5")  # type: ignore[arg-type]
