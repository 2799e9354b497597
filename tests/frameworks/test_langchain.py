"""ChatKimi: thinking shown and written back, usage once, forced tools, schemas, both ways to wait."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from kimistream import BadRequestError, Image, InvalidRequestError, RateLimitError, SchemaError
from kimistream.integrations.langchain import ChatKimi


class City(BaseModel):
    """A city."""

    city: str
    population: int = Field(gt=0)


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


@tool
def limited(magnitude: int = Field(lt=5)) -> str:
    """A tool whose schema goes beyond what Moonshot's strict ones may say."""
    return str(magnitude)


def chat(server: Any, **options: Any) -> ChatKimi:
    where = {"base_url": server.sim.base_url, "api_key": server.sim.api_key, "provider": server.dialect}
    return ChatKimi(**{"model": server.model, "max_retries": 0, **where, **options})


def test_thinking_is_shown(server: Server) -> None:
    answer = chat(server).invoke(CAPITAL)
    assert answer.content == "The capital of France is Paris."
    thought = answer.additional_kwargs["reasoning_content"]
    assert "capital of France" in thought
    assert [block["type"] for block in answer.content_blocks] == ["reasoning", "text"]
    assert answer.content_blocks[0]["reasoning"] == thought
    assert answer.response_metadata["model_name"]
    assert answer.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_stream_is_the_answer_in_pieces(server: Server, version: str) -> None:
    whole = chat(server, output_version=version).invoke(CAPITAL)
    chunks = list(chat(server, output_version=version).stream(CAPITAL))
    joined: Any = chunks[0]
    for chunk in chunks[1:]:
        joined += chunk
    assert joined.content_blocks == whole.content_blocks or (
        [block["type"] for block in joined.content_blocks] == ["reasoning", "text"]
    )
    assert joined.text == whole.text
    assert [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata] == [joined.usage_metadata]
    assert joined.usage_metadata["total_tokens"] == whole.usage_metadata["total_tokens"]
    assert joined.response_metadata["finish_reason"] == "stop"
    assert chunks[-1].chunk_position == "last"


def test_awaited(server: Server) -> None:
    model = chat(server)

    async def both() -> tuple[Any, str]:
        return await model.ainvoke(CAPITAL), "".join([str(chunk.text) async for chunk in model.astream(CAPITAL)])

    for _ in range(2):  # one model on several event loops
        answer, streamed = asyncio.run(both())
        assert answer.text == streamed == "The capital of France is Paris."


def loop(model: Any, streamed: bool) -> str:
    messages: list[Any] = [SystemMessage("Be brief."), HumanMessage(TWO_CITIES, name="ada")]
    for _ in range(5):
        if streamed:
            answer: Any = None
            for chunk in model.stream(messages):
                answer = chunk if answer is None else answer + chunk
        else:
            answer = model.invoke(messages)
        messages.append(answer)
        if not answer.tool_calls:
            return str(answer.text)
        assert [block["type"] for block in answer.content_blocks] == ["reasoning", "tool_call"]
        messages += [get_weather.invoke(made) for made in answer.tool_calls]
    raise AssertionError("it does not end")


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_loop_of_two_steps_writes_the_thinking_back(server: Server, streamed: bool, version: str) -> None:
    server.says(*TWO_STEPS)
    assert loop(chat(server, output_version=version).bind_tools([get_weather]), streamed) == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=True)


def test_an_agent_of_langgraph(server: Server) -> None:
    prebuilt = pytest.importorskip("langgraph.prebuilt")
    server.says(*TWO_STEPS)
    agent = prebuilt.create_react_agent(chat(server), [get_weather])
    assert agent.invoke({"messages": [("user", TWO_CITIES)]})["messages"][-1].text == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=True)


@pytest.mark.parametrize("choice", ["any", "required", True, "get_weather"])
def test_a_forced_tool_is_asked_for_without_thinking(server: Server, choice: Any) -> None:
    answer = chat(server).bind_tools([get_weather], tool_choice=choice).invoke("hi")
    assert [made["name"] for made in answer.tool_calls] == ["get_weather"]
    assert "reasoning_content" not in answer.additional_kwargs
    assert chat(server).bind_tools([get_weather]).invoke("hi").additional_kwargs["reasoning_content"]


def test_thinking_that_was_asked_for_stays(moonshot: Server) -> None:
    """And the server's refusal counts."""
    model = chat(moonshot, thinking=True, check="off").bind_tools([get_weather], tool_choice="any")
    with pytest.raises(BadRequestError, match="incompatible with thinking"):
        model.invoke("hi")


def test_schemas_of_tools_beyond_moonshots(server: Server) -> None:
    assert chat(server).bind_tools([limited]).invoke("limited magnitude 3, please").tool_calls


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output(server: Server, method: str) -> None:
    asked = f"{PEOPLE} Answer as JSON with the keys city and population."
    if method == "json_mode":
        server.says('{"city": "Paris", "population": 2100000}')
    model = chat(server).with_structured_output(City, method=method)
    assert isinstance(model.invoke(asked), City)
    raw = chat(server).with_structured_output(City, include_raw=True).invoke(asked)
    assert isinstance(raw["raw"], AIMessage)
    assert isinstance(raw["parsed"], City)
    assert raw["parsing_error"] is None
    as_dict = chat(server).with_structured_output(City.model_json_schema()).invoke(asked)
    assert isinstance(as_dict["population"], int)
    assert isinstance(asyncio.run(chat(server).with_structured_output(City).ainvoke(asked)), City)
    assert list(chat(server).with_structured_output(City).stream(asked))[-1].city == "Paris"


def test_a_wrong_answer_is_sent_back(moonshot: Server) -> None:
    moonshot.says('{"city": "Paris", "population": -1}', '{"city": "Paris", "population": 2}')
    assert chat(moonshot).with_structured_output(City).invoke(PEOPLE).population == 2
    assert "population" in moonshot.bodies[-1]["messages"][-1]["content"]
    moonshot.says(*["no"] * 6)
    with pytest.raises(SchemaError):
        chat(moonshot).with_structured_output(City).invoke(PEOPLE)
    raw = chat(moonshot).with_structured_output(City, include_raw=True).invoke(PEOPLE)
    assert raw["parsed"] is None
    assert raw["raw"].text == "no"
    assert raw["parsing_error"] is not None


def test_calls_that_are_none(moonshot: Server) -> None:
    moonshot.says({"tool_calls": [{"name": "get_weather", "arguments": "[1, 2"}]})
    answer = chat(moonshot).bind_tools([get_weather]).invoke("hi")
    assert answer.tool_calls == []
    assert [made["args"] for made in answer.invalid_tool_calls] == ["[1, 2"]


TWO_CALLS = {
    "tool_calls": [
        {"name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"name": "get_weather", "arguments": '{"city": "Llanfairpwllgwyngyll on the island of Anglesey"}'},
    ]
}


def test_a_call_that_was_cut_is_none_streamed_too(moonshot: Server) -> None:
    """LangChain would close the open quotes and brackets, and an agent run what comes of it."""
    cut = 0
    for most in range(8, 24):
        moonshot.says(TWO_CALLS)
        model = chat(moonshot, max_tokens=most, thinking=False).bind_tools([get_weather])
        first, *rest = model.stream("hi")
        joined: Any = sum(rest, first)
        whole = [json.loads(made["arguments"]) for made in TWO_CALLS["tool_calls"]]
        assert [made["args"] for made in joined.tool_calls] == whole[: len(joined.tool_calls)]
        for made in joined.invalid_tool_calls:
            cut += 1
            assert TWO_CALLS["tool_calls"][len(joined.tool_calls)]["arguments"].startswith(json.loads(made["args"])[0])
    assert cut > 5


@pytest.mark.parametrize("mode", ["values", "updates", "messages"])
def test_an_agent_runs_no_call_that_was_cut(moonshot: Server, mode: Any) -> None:
    prebuilt = pytest.importorskip("langgraph.prebuilt")
    run: list[str] = []

    @tool
    def note(city: str) -> str:
        """Notes a city."""
        run.append(city)
        return city

    long = "Llanfairpwllgwyngyll on the island of Anglesey"
    moonshot.says({"tool_calls": [{"name": "note", "arguments": json.dumps({"city": long})}]}, {"content": "done"})
    agent = prebuilt.create_react_agent(chat(moonshot, max_tokens=8, thinking=False), [note])
    list(agent.stream({"messages": [("user", "hi")]}, stream_mode=mode))
    assert run == []


def test_errors_are_kimistreams(server: Server) -> None:
    server.says({"error": 429})
    with pytest.raises(RateLimitError):
        chat(server).invoke("hi")
    server.says({"error": 429})
    with pytest.raises(RateLimitError):
        list(chat(server).stream("hi"))


def test_pictures_in_all_spellings(moonshot: Server) -> None:
    data = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGP8z8Dwn4EIwESMolGFAAxeAQ+1ZC5LAAAAAElFTkSuQmCC"
    spellings: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
        {"type": "image", "base64": data, "mime_type": "image/png"},
        {"type": "image", "source_type": "base64", "data": data, "mime_type": "image/png"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
    ]
    for picture in spellings:
        asked = [{"type": "text", "text": "What is it?"}, picture]
        assert "image/png" in chat(moonshot).invoke([HumanMessage(asked)]).text
        call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "call_1"}])
        told = [HumanMessage("Look."), call, ToolMessage([picture], tool_call_id="call_1")]
        chat(moonshot).invoke(told)
    assert Image  # the client's own kind of picture is not LangChain's


def test_what_is_of_the_api_is_sent_and_what_is_of_the_client_counts(moonshot: Server) -> None:
    model = chat(
        moonshot, temperature=0, max_tokens=50, stop=["Paris"], prompt_cache_key="k", default_headers={"X-A": "1"}
    )
    assert "Paris" not in model.invoke(CAPITAL).text
    body = moonshot.bodies[-1]
    assert "temperature" not in body  # which this model fixes
    assert (body["prompt_cache_key"], body["max_completion_tokens"]) == ("k", 50)
    assert moonshot.sim.requests[-1].headers["x-a"] == "1"
    assert model.invoke(CAPITAL, model="kimi-k2.7-code").response_metadata["model_name"] == "kimi-k2.7-code"


def test_tokens_are_counted(server: Server) -> None:
    few, many = (chat(server).get_num_tokens_from_messages([HumanMessage("word " * times)]) for times in (1, 50))
    assert 0 < few < many
    assert chat(server).get_num_tokens_from_messages([HumanMessage("word")], tools=[get_weather]) > few


def test_copies_ask_as_well(moonshot: Server) -> None:
    model = chat(moonshot, max_tokens=3)
    assert model.model_copy(update={"max_tokens": None}).invoke(CAPITAL).text == "The capital of France is Paris."
    chosen = model.configurable_fields(max_tokens=ConfigurableField(id="max_tokens"))
    answer = chosen.invoke(CAPITAL, config={"configurable": {"max_tokens": 500}})
    assert answer.text == "The capital of France is Paris."


def test_no_key_is_told_at_once_and_a_key_never(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("MOONSHOT_API_KEY", "KIMI_API_KEY", "KIMISTREAM_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InvalidRequestError, match="MOONSHOT_API_KEY"):
        ChatKimi()
    model = ChatKimi(api_key="sk-very-secret")
    assert "very-secret" not in f"{model!r} {model} {model.model_dump()} {model._identifying_params}"
