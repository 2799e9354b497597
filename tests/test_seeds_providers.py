"""Published samples at the providers that published them: import line, key and base URL are all that is changed.

The address alone picks the row where it is the provider's own. Here it is the simulator's, so each sample runs twice:
with the row that the real address would pick, and with nothing but the simulator's address. See test_seed_samples.py
for the samples of text, which run here in their providers' dialects.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

import test_seed_samples as samples
from request_list import MP4, PNG

import kimistream as openai
from kimistream import BadRequestError, NotFoundError, RateLimitError
from kimistream import Kimi as OpenAI
from kimistream.simulator import Simulator

OWN_ADDRESSES = {
    "https://api.moonshot.ai/v1": "moonshot",
    "https://api.moonshot.cn/v1": "moonshot-cn",
    "https://www.anyfast.ai/v1": "anyfast",
    "https://www.anyfast.ai/v1/": "anyfast",
    "https://tokenhub.tencentmaas.com/v1": "tokenhub",
    "https://tokenhub-intl.tencentcloudmaas.com/v1": "tokenhub",
    "https://openrouter.ai/api/v1": "openrouter",
    "https://api.aimlapi.com/v1": "aimlapi",
    "https://api.cloudflare.com/client/v4/accounts/0123abcd/ai/v1": "cloudflare",
    "https://api.kimi.com/coding": "kimi-code",
    "https://api.moonshot.ai/anthropic": "moonshot-anthropic",
    "http://localhost:30000/v1": "sglang",
}


@pytest.mark.parametrize(("address", "provider"), OWN_ADDRESSES.items())
def test_an_address_picks_its_row(address: str, provider: str) -> None:
    assert OpenAI(api_key="sk-test", base_url=address).provider == provider


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures and clips that the samples open."""
    monkeypatch.chdir(tmp_path)
    for name in ("your_image.jpg", "image.jpg", "kimi-logo.png"):
        (tmp_path / name).write_bytes(base64.b64decode(PNG.split(",")[1]))
    for name in ("your_video.mp4", "demo.mp4", "demo_video.mp4"):
        (tmp_path / name).write_bytes(base64.b64decode(MP4.split(",")[1]))
    monkeypatch.setenv("KIMI_MODEL_ID", "kimi-k2.6")


# ---- Anyfast: pictures and clips ------------------------------------------------------------------------------------


def image_input(client: OpenAI) -> None:
    with open("your_image.jpg", "rb") as f:
        img_base = base64.b64encode(f.read()).decode("utf-8")

    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "请描述这张图片。"},
                    {
                        "type": "image_url",
                        "image_url": {
                            "url": f"data:image/jpeg;base64,{img_base}"
                        }
                    }
                ]
            }
        ]
    )  # fmt: skip

    print(response.choices[0].message.content)


def video_input(client: OpenAI) -> None:
    with open("your_video.mp4", "rb") as f:
        video_base = base64.b64encode(f.read()).decode("utf-8")

    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "请总结这个视频的内容。"},
                    {
                        "type": "video_url",
                        "video_url": {
                            "url": f"data:video/mp4;base64,{video_base}"
                        }
                    }
                ]
            }
        ]
    )  # fmt: skip

    print(response.choices[0].message.content)


# ---- TokenHub -------------------------------------------------------------------------------------------------------


def introduction(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[
            {"role": "user", "content": "你好,请介绍一下你自己"},
        ],
    )
    print(response.choices[0].message.content)


def image_in_base64(client: OpenAI) -> None:
    with open("image.jpg", "rb") as f:
        image_b64 = base64.b64encode(f.read()).decode()

    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{
            "role": "user",
            "content": [
                {"type": "text", "text": "请描述这张图片"},
                {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{image_b64}"}},
            ],
        }],
    )  # fmt: skip
    print(response.choices[0].message.content)


def image_by_address(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{
            "role": "user",
            "content": [
                {"type": "text", "text": "请描述这张图片"},
                {"type": "image_url", "image_url": {"url": "https://www.gstatic.com/webp/gallery/1.jpg"}},
            ],
        }],
    )  # fmt: skip
    print(response.choices[0].message.content)


# ---- the model card -------------------------------------------------------------------------------------------------

OFFICIAL = {"thinking": {"type": "disabled"}}, {"thinking": {"type": "enabled", "keep": "all"}}
SELF_HOSTED = (
    {"chat_template_kwargs": {"thinking": False}},
    {"chat_template_kwargs": {"thinking": True, "preserve_thinking": True}},
)


def answered(client: openai.OpenAI, model_name: str, messages: list[Any], instant: dict[str, Any], **more: Any) -> None:
    response = client.chat.completions.create(model=model_name, messages=messages, **more)
    print('====== Below is reasoning content in Thinking Mode ======')  # fmt: skip
    print(f'reasoning content: {response.choices[0].message.reasoning}')  # fmt: skip
    print('====== Below is response in Thinking Mode ======')  # fmt: skip
    print(f'response: {response.choices[0].message.content}')  # fmt: skip

    response = client.chat.completions.create(
        model=model_name,
        messages=messages,
        stream=False,
        max_tokens=4096,
        extra_body=instant,
    )
    print('====== Below is response in Instant Mode ======')  # fmt: skip
    print(f'response: {response.choices[0].message.content}')  # fmt: skip


def card_simple_chat(client: openai.OpenAI, model_name: str, forms: Any) -> None:
    messages = [
        {'role': 'system', 'content': 'You are Kimi, an AI assistant created by Moonshot AI.'},
        {
            'role': 'user',
            'content': [
                {'type': 'text', 'text': 'which one is bigger, 9.11 or 9.9? think carefully.'}
            ],
        },
    ]  # fmt: skip
    answered(client, model_name, messages, forms[0], stream=False, max_tokens=4096)


def card_chat_with_image(client: openai.OpenAI, model_name: str, forms: Any) -> None:
    with open("kimi-logo.png", "rb") as f:
        image_base64 = base64.b64encode(f.read()).decode()
    messages = [
        {
            'role': 'user',
            'content': [
                {'type': 'text', 'text': 'Describe this image in detail.'},
                {
                    'type': 'image_url',
                    'image_url': {'url': f'data:image/png;base64, {image_base64}'},  # the space is the card's
                },
            ],
        }
    ]  # fmt: skip
    answered(client, model_name, messages, forms[0], stream=False, max_tokens=8192)


def card_chat_with_video(client: openai.OpenAI, model_name: str, forms: Any) -> None:
    with open("demo_video.mp4", "rb") as f:
        video_base64 = base64.b64encode(f.read()).decode()
    messages = [
        {
            "role": "user",
            "content": [
                {"type": "text","text": "Describe the video in detail."},
                {
                    "type": "video_url",
                    "video_url": {"url": f"data:video/mp4;base64,{video_base64}"},
                },
            ],
        }
    ]  # fmt: skip
    answered(client, model_name, messages, forms[0])


def card_preserve_thinking(client: openai.OpenAI, model_name: str, forms: Any) -> None:
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
        extra_body=forms[1],
    )
    print(f"response: {response.choices[0].message.reasoning}")
    print(response.choices[0].message.content)


# ---- the endpoint article, and the tutorial -------------------------------------------------------------------------


def model_from_the_list(client: OpenAI) -> None:
    """The order that the article advises: list the models, take an id from there, ask."""
    listed = [model.id for model in client.models.list()]
    model_id = next(name for name in listed if "k2.6" in name.lower() or "k2-6" in name.lower())
    resp = client.chat.completions.create(
        model=model_id,
        messages=[
            {"role": "user", "content": "Xin chào, hãy tự giới thiệu."}
        ]
    )  # fmt: skip
    print(resp)


def capital(client: OpenAI) -> None:
    response = client.chat.completions.create(
        model="kimi-k2.6",
        messages=[{"role": "user", "content": "What is the capital of France?"}],
    )
    print(response.choices[0].message.content)


def tool_with_a_unit(client: OpenAI) -> None:
    def fetch_weather(location: str, unit: str) -> dict[str, Any]:
        return {"location": location, "temperature": 22, "unit": unit}

    tools = [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Get the current weather in a location.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "location": {"type": "string", "description": "City name"},
                        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}
                    },
                    "required": ["location"]
                }
            }
        }
    ]  # fmt: skip
    messages: list[Any] = [{"role": "user", "content": "What's the weather in Tokyo?"}]
    resp = client.chat.completions.create(
        model="kimi-k2.6",
        messages=messages,
        tools=tools,
        tool_choice="auto",
    )
    msg = resp.choices[0].message
    messages.append(msg)

    if msg.tool_calls:
        for call in msg.tool_calls:
            args = json.loads(call.function.arguments)
            result = fetch_weather(args["location"], args.get("unit", "celsius"))
            messages.append({
                "role": "tool",
                "tool_call_id": call.id,
                "content": json.dumps(result),
            })  # fmt: skip

    final = client.chat.completions.create(
        model="kimi-k2.6",
        messages=messages,
        tools=tools,
    )
    print(final.choices[0].message.content)


def repository_agent(client: OpenAI) -> None:
    def function(name: str, description: str, **parameters: Any) -> dict[str, Any]:
        schema = {"type": "object", **parameters}
        return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}

    path = {"properties": {"path": {"type": "string"}}, "required": ["path"]}
    query = {"properties": {"query": {"type": "string"}}, "required": ["query"]}
    tools = [
        function("read_file", "Read a file in the repo.", **path),
        function("search_code", "Ripgrep the codebase for a pattern.", **query),
        function("run_tests", "Run the project test suite.", properties={}),
    ]
    messages: list[Any] = [
        {"role": "system", "content": "You are a senior engineer. Fix the described bug."},
        {"role": "user", "content": "run_tests, then read the issue: login form submits twice on slow networks."}
    ]  # fmt: skip
    called = []
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
            called.append(call.function.name)
            json.loads(call.function.arguments)
            messages.append({
                "role": "tool",
                "tool_call_id": call.id,
                "content": "2 failed",
            })  # fmt: skip
    print(called)


def asked_of(*content: dict[str, Any], model: str = "kimi-k2.6", **more: Any) -> Callable[[OpenAI], Any]:
    def ask(client: OpenAI) -> Any:
        text = {"type": "text", "text": "Describe this in one sentence."}
        messages = [{"role": "user", "content": [text, *content]}]
        return client.chat.completions.create(model=model, messages=messages, **more)

    return ask


# What is in other samples with nothing but another question is not repeated. Dialect, sample, what it prints.
TEXT: list[tuple[str, Callable[[OpenAI], Any], list[str]]] = [
    ("anyfast", samples.basic, ["量子"]),
    ("anyfast", samples.streaming, ["海"]),
    ("anyfast", samples.thinking, ["x", "2", "3"]),
    ("anyfast", image_input, ["image/jpeg"]),
    ("anyfast", video_input, ["video/mp4"]),
    ("tokenhub", introduction, [""]),
    ("tokenhub", samples.guarded_streaming, ["Kimi"]),
    ("tokenhub", samples.system_prompt, ["量子"]),
    ("tokenhub", samples.multi_turn, [""]),
    ("tokenhub", samples.function_calling, ["北京", "22°C"]),
    ("tokenhub", samples.streamed_thinking, ["=== 开始思考 ===", "=== 思考结束 ===", "傅里叶"]),
    ("tokenhub", samples.reasoning_goes_back, [""]),
    ("tokenhub", image_in_base64, ["image/jpeg"]),
    ("tokenhub", image_by_address, ["image"]),
    ("moonshot", samples.print_the_response, ["ChatCompletion(", "usage=CompletionUsage("]),
    *((dialect, model_from_the_list, ["ChatCompletion(", "finish_reason='stop'"])
      for dialect in ("moonshot", "moonshot-cn", "tokenhub", "anyfast", "openrouter", "aimlapi", "vllm", "sglang",
                      "cloudflare")),
    ("moonshot", capital, ["Paris"]),
    ("moonshot", samples.delta_first, [""]),
    ("moonshot", tool_with_a_unit, ["Tokyo", "22"]),
    ("moonshot", samples.agent_loop, ["Tokyo", "22°C"]),
    ("moonshot", repository_agent, ["run_tests"]),
    ("moonshot", samples.no_tools, [""]),
]  # fmt: skip


@pytest.fixture(params=["row", "address alone"])
def connect(request: pytest.FixtureRequest) -> Callable[[Simulator], OpenAI]:
    def make(sim: Simulator) -> OpenAI:
        row = {"provider": sim.dialect} if request.param == "row" else {}
        return OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=0, **row)

    return make


@pytest.mark.parametrize(
    ("dialect", "sample", "expected"), TEXT, ids=[f"{dialect}-{sample.__name__}" for dialect, sample, _ in TEXT]
)
def test_a_sample(
    dialect: str,
    sample: Callable[[OpenAI], Any],
    expected: list[str],
    connect: Callable[[Simulator], OpenAI],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulator(pace=0, dialect=dialect) as sim, connect(sim) as client:
        sample(client)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert "None" not in printed or "ChatCompletion(" in printed
    assert [words for words in expected if words not in printed] == []


# The official form at Moonshot's, the self-hosted form at the servers that one starts oneself. Clips: official only.
CARD = [
    (card_simple_chat, ["9.9", "Instant Mode"]),
    (card_chat_with_image, ["image/png"]),
    (card_chat_with_video, ["video/mp4"]),
    (card_preserve_thinking, ["215", "222"]),
]
SERVERS = {
    "moonshot": ("kimi-k2.6", OFFICIAL),
    "vllm": ("moonshotai/Kimi-K2.6", SELF_HOSTED),
    "sglang": ("moonshotai/Kimi-K2.6", SELF_HOSTED),
}


@pytest.mark.parametrize("dialect", SERVERS)
@pytest.mark.parametrize(("sample", "expected"), CARD, ids=[sample.__name__ for sample, _ in CARD])
def test_a_sample_of_the_model_card(
    dialect: str,
    sample: Callable[..., Any],
    expected: list[str],
    connect: Callable[[Simulator], OpenAI],
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, forms = SERVERS[dialect]
    with Simulator(pace=0, dialect=dialect) as sim, connect(sim) as client:
        if sample is card_chat_with_video and dialect != "moonshot":
            with pytest.raises(BadRequestError, match="video"):
                sample(client, model, forms)
            return
        sample(client, model, forms)
        sent = [request.body for request in sim.requests]
    printed = capsys.readouterr().out
    assert "None" not in printed
    assert [words for words in expected if words not in printed] == []
    form = forms[1] if sample is card_preserve_thinking else forms[0]
    assert form.items() <= sent[-1].items()


@pytest.mark.parametrize("dialect", ["vllm", "sglang"])
def test_instant_mode_of_the_model_card_gets_its_temperature(dialect: str) -> None:
    """The card recommends 1.0 for thinking and 0.6 for instant mode; the row sends what the server does not know."""
    with Simulator(pace=0, dialect=dialect) as sim:
        client = OpenAI(api_key=sim.api_key, base_url=sim.base_url, provider=dialect)
        card_simple_chat(client, "moonshotai/Kimi-K2.6", SELF_HOSTED)
        assert [request.body["temperature"] for request in sim.requests] == [1.0, 0.6]


@pytest.mark.parametrize("sample", [card_simple_chat, samples.function_calling, samples.agent_loop])
def test_samples_at_a_server_without_parsers(sample: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(pace=0, dialect="ktransformers") as sim:
        client = OpenAI(api_key=sim.api_key, base_url=sim.base_url, provider="ktransformers")
        sample(client, *(("Kimi-K2.6", SELF_HOSTED) if sample is card_simple_chat else ()))
    printed = capsys.readouterr().out
    assert "</think>" not in printed
    assert "<|" not in printed
    assert "None" not in printed


REFUSED: list[tuple[str, Callable[[OpenAI], Any], type[Exception]]] = [
    ("a model that the tutorial invents", asked_of(model="kimi-k2.6-thinking"), NotFoundError),
    ("another provider's id", asked_of(model="moonshotai/kimi-k2.6"), NotFoundError),
    (
        "a picture by its address",
        asked_of({"type": "image_url", "image_url": {"url": "https://example.com/photo.jpg"}}),
        BadRequestError,
    ),
    (
        "a clip by its address",
        asked_of({"type": "video_url", "video_url": {"url": "https://example.com/clip.mp4"}}),
        BadRequestError,
    ),
]


@pytest.mark.parametrize(
    ("sample", "error"), [row[1:] for row in REFUSED], ids=[row[0].replace(" ", "_") for row in REFUSED]
)
def test_what_samples_claim_wrongly_is_the_servers_to_refuse(
    sample: Callable[[OpenAI], Any], error: type[Exception], connect: Callable[[Simulator], OpenAI]
) -> None:
    with Simulator(pace=0) as sim, connect(sim) as client:
        with pytest.raises(error):
            sample(client)
        assert len(sim.requests) == 1


def test_a_field_that_the_tutorial_invents_is_sent_as_it_is(connect: Callable[[Simulator], OpenAI]) -> None:
    agent = {"type": "swarm", "max_agents": 30, "max_steps": 4000}
    with Simulator(pace=0) as sim, connect(sim) as client:
        assert asked_of(extra_body={"agent": agent})(client).choices[0].message.content


@pytest.mark.parametrize("dialect", ["tokenhub", "anyfast", "openrouter", "aimlapi", "vllm", "cloudflare"])
@pytest.mark.parametrize("failures", ["rpm*2", "500*2"])
def test_the_sample_that_retries(dialect: str, failures: str) -> None:
    with Simulator(pace=0, dialect=dialect, error=failures) as sim:
        client = OpenAI(api_key=sim.api_key, base_url=sim.base_url, provider=dialect, max_retries=0)
        answer = samples.retrying(client, [{"role": "user", "content": "hi"}])
        assert answer.choices[0].message.content
        assert len(sim.requests) == 3


def test_a_rate_limit_is_the_class_that_samples_catch() -> None:
    with Simulator(pace=0, error="rpm") as sim, pytest.raises(RateLimitError):
        samples.basic(OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=0))
