"""The Python samples of Kimi's documentation and of others' tutorials, run against the simulator.

Only the import line, the key and the base URL are others than where they were published.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp")

import kimistream as openai
from kimistream import Kimi as OpenAI
from kimistream.simulator import Simulator

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "查询指定城市的天气",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "城市名称"}},
                "required": ["city"],
            },
        },
    }
]


def basic(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "user", "content": "用简单的语言解释量子纠缠。"}
        ]
    )  # fmt: skip

    print(response.choices[0].message.content)


def streaming(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "user", "content": "写一首关于大海的短诗。"}
        ],
        stream=True
    )  # fmt: skip

    for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="")


def thinking(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "user", "content": "解这道数学题：x² + 5x + 6 = 0，求 x。"}
        ],
        extra_body={"thinking": {"type": "enabled"}},
        stream=True
    )  # fmt: skip

    for chunk in completion:
        if chunk.choices and chunk.choices[0].delta:
            delta = chunk.choices[0].delta
            if hasattr(delta, "reasoning_content") and delta.reasoning_content:
                print(delta.reasoning_content, end="", flush=True)
            if delta.content:
                print(delta.content, end="", flush=True)


def guarded_streaming(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{"role": "user", "content": "请用一句话介绍一下你自己"}],
        stream=True,
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)


def system_prompt(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "system", "content": "你是 Kimi,一名严谨的物理学助教,回答需配合简单类比。"},
            {"role": "user", "content": "请解释什么是量子纠缠"},
        ],
    )
    print(response.choices[0].message.content)


def multi_turn(client: OpenAI) -> None:
    messages = [
        {"role": "system", "content": "你是 Kimi。"},
        {"role": "user", "content": "推荐一本科普读物"},
        {"role": "assistant", "content": "推荐《时间简史》。"},
        {"role": "user", "content": "再说一本进阶的"},
    ]
    response = client.chat.completions.create(model="kimi-k2.6", messages=messages)
    print(response.choices[0].message.content)


def function_calling(client: OpenAI) -> None:
    tools = TOOLS
    messages = [{"role": "user", "content": "今天北京天气怎么样?"}]

    # 第 1 轮:模型决定是否调用工具
    resp = client.chat.completions.create(
        model="kimi-k2.6", messages=messages, tools=tools, tool_choice="auto",
    )  # fmt: skip
    msg = resp.choices[0].message
    messages.append(msg.model_dump(exclude_none=True))

    # 如果模型选择了工具调用,执行工具并把结果回填
    if msg.tool_calls:
        for call in msg.tool_calls:
            args = json.loads(call.function.arguments)
            # 这里替换为真实业务逻辑
            result = {"city": args["city"], "temperature": "22°C", "weather": "晴"}
            messages.append({
                "role": "tool",
                "tool_call_id": call.id,
                "content": json.dumps(result, ensure_ascii=False),
            })  # fmt: skip

        # 第 2 轮:把工具结果送回模型,得到最终回复
        final = client.chat.completions.create(model="kimi-k2.6", messages=messages, tools=tools)
        print(final.choices[0].message.content)
    else:
        print(msg.content)


def streamed_thinking(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{"role": "user", "content": "请用一句话解释傅里叶变换。"}],
        max_tokens=32768,
        stream=True,
        extra_body={"thinking": {"type": "enabled"}},
    )

    thinking = False
    for chunk in stream:
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        # 思考阶段
        if hasattr(delta, "reasoning_content") and getattr(delta, "reasoning_content"):  # noqa: B009
            if not thinking:
                print("=== 开始思考 ===")
                thinking = True
            print(getattr(delta, "reasoning_content"), end="", flush=True)  # noqa: B009
        # 回答阶段
        if delta.content:
            if thinking:
                print("\n=== 思考结束 ===")
                thinking = False
            print(delta.content, end="", flush=True)


def reasoning_goes_back(client: OpenAI) -> None:
    messages = [
        {"role": "system", "content": "你是 Kimi。"},
        {"role": "user", "content": "第一个问题..."},
        {
            "role": "assistant",
            "reasoning_content": "<上一轮 API 返回的 reasoning_content>",
            "content": "<上一轮 API 返回的 content>",
        },
        {"role": "user", "content": "请基于之前的分析继续推导。"},
    ]
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=messages,
        stream=True,
        extra_body={"thinking": {"type": "enabled", "keep": "all"}},
    )

    for chunk in response:
        delta = chunk.choices[0].delta
        if getattr(delta, "reasoning_content", None):
            print(delta.reasoning_content, end="", flush=True)
        if delta.content:
            print(delta.content, end="", flush=True)
    print()


def simple_chat(client: openai.OpenAI, model_name: str = "kimi-k2.6") -> None:
    messages = [
        {'role': 'system', 'content': 'You are Kimi, an AI assistant created by Moonshot AI.'},
        {
            'role': 'user',
            'content': [
                {'type': 'text', 'text': 'which one is bigger, 9.11 or 9.9? think carefully.'}
            ],
        },
    ]  # fmt: skip
    response = client.chat.completions.create(
        model=model_name, messages=messages, stream=False, max_tokens=4096
    )  # fmt: skip
    print('====== Below is reasoning content in Thinking Mode ======')  # fmt: skip
    print(f'reasoning content: {response.choices[0].message.reasoning}')  # fmt: skip
    print('====== Below is response in Thinking Mode ======')  # fmt: skip
    print(f'response: {response.choices[0].message.content}')  # fmt: skip

    # To use instant mode, pass {"thinking" = {"type":"disabled"}}
    response = client.chat.completions.create(
        model=model_name,
        messages=messages,
        stream=False,
        max_tokens=4096,
        extra_body={'thinking': {'type': 'disabled'}},  # this is for official API
    )  # fmt: skip
    print('====== Below is response in Instant Mode ======')  # fmt: skip
    print(f'response: {response.choices[0].message.content}')  # fmt: skip


def chat_with_preserve_thinking(client: openai.OpenAI, model_name: str = "kimi-k2.6") -> Any:
    messages = [
        {
            "role": "user",
            "content": "Tell me three random numbers."
        },
        {
            "role": "assistant",
            "reasoning_content": "I'll start by listing five numbers: 473, 921, 235, 215, 222, "
                                 "and I'll tell you the first three.",
            "content": "473, 921, 235"
        },
        {
            "role": "user",
            "content": "What are the other two numbers you have in mind?"
        }
    ]  # fmt: skip

    response = client.chat.completions.create(
        model=model_name,
        messages=messages,
        stream=False,
        max_tokens=4096,
        extra_body={'thinking': {'type': 'enabled', 'keep': 'all'}},  # this is for official API
    )  # fmt: skip
    # the assistant should mention 215 and 222 that appear in the prior reasoning content
    print(f"response: {response.choices[0].message.reasoning}")
    print(response.choices[0].message.content)
    return response.choices[0].message.content


def print_the_response(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model=os.environ['KIMI_MODEL_ID'],
        messages=[
            {'role': 'user', 'content': '你好，请用一句话介绍一下自己。'}
        ],
    )  # fmt: skip

    print(response)


def delta_first(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{"role": "user", "content": "Write a 500-word essay on MoE models."}],
        stream=True,
    )
    for chunk in stream:
        delta = chunk.choices[0].delta.content
        if delta:
            print(delta, end="", flush=True)


def agent_loop(client: OpenAI) -> None:
    tools = TOOLS

    def tool_dispatch(name: str, args: Any) -> str:
        if name == "get_weather":
            return f"22°C in {args['city']}"
        raise ValueError(f"Unknown tool: {name}")

    messages: list[Any] = [
        {"role": "system", "content": "You are a senior meteorologist."},
        {"role": "user", "content": "What's the weather in Tokyo?"}
    ]  # fmt: skip

    while True:
        resp = client.chat.completions.create(
            model="kimi-k2.6",
            messages=messages,
            tools=tools,
        )
        msg = resp.choices[0].message
        messages.append(msg)

        if not msg.tool_calls:
            print(msg.content)
            break

        for call in msg.tool_calls:
            result = tool_dispatch(call.function.name, json.loads(call.function.arguments))
            messages.append({
                "role": "tool",
                "tool_call_id": call.id,
                "content": result,
            })  # fmt: skip


def no_tools(client: OpenAI) -> None:
    """The body that a tutorial shows, with its empty list of tools."""
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Your prompt here."},
        ],
        temperature=0.6,
        max_tokens=8192,
        stream=False,
        tools=[],
        tool_choice="auto",
        extra_body={"thinking": {"type": "disabled"}},
    )
    print(response.choices[0].message.content)


SAMPLES: dict[Callable[..., Any], list[str]] = {
    basic: ["量子"],
    streaming: ["海"],
    thinking: ["x", "2", "3"],
    guarded_streaming: ["Kimi"],
    system_prompt: ["量子"],
    multi_turn: [""],
    function_calling: ["北京", "22°C"],
    streamed_thinking: ["=== 开始思考 ===", "=== 思考结束 ===", "傅里叶"],
    reasoning_goes_back: [""],
    simple_chat: ["reasoning content: ", "Instant Mode", "9.9"],
    chat_with_preserve_thinking: ["215", "222"],
    print_the_response: ["ChatCompletion(", "finish_reason='stop'", "usage=CompletionUsage("],
    delta_first: [""],
    agent_loop: ["Tokyo", "22°C"],
    no_tools: [""],
}


@pytest.mark.parametrize("usage", [None, "empty", "choice", "finish", "both"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_a_sample(
    sample: Callable[..., Any], usage: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints what it is about, wherever the server puts usage."""
    monkeypatch.setenv("KIMI_MODEL_ID", "kimi-k2.6")
    with Simulator(pace=0, usage=usage) as sim:
        client = OpenAI(api_key=sim.api_key, base_url=sim.base_url)
        sample(client)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert "None" not in printed or sample is print_the_response
    for expected in SAMPLES[sample]:
        assert expected in printed


def retrying(client: OpenAI, messages: list[Any], max_retries: int = 5) -> Any:
    import time

    from kimistream import APIError, RateLimitError

    for attempt in range(max_retries):
        try:
            return client.chat.completions.create(
                model="kimi-k2.6",
                messages=messages,
            )
        except RateLimitError:
            time.sleep(0 * 2**attempt)  # 2 ** attempt
        except APIError as e:
            if e.status_code >= 500 and attempt < max_retries - 1:  # type: ignore[operator]
                time.sleep(0 * 2**attempt)  # 2 ** attempt
            else:
                raise
    raise RuntimeError("Kimi K2.6 failed after retries")


@pytest.mark.parametrize("failures", ["429*2", "500*2"])
def test_the_sample_that_retries(failures: str) -> None:
    with Simulator(pace=0, error=failures) as sim:
        client = OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=0)
        assert retrying(client, [{"role": "user", "content": "hi"}]).choices[0].message.content
        assert len(sim.requests) == 3
