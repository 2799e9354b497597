"""What people write by mistake, and what they are told: in words that say what is wrong and what to do next."""

from __future__ import annotations

import datetime
import decimal
import enum
import inspect
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, run, sent
from request_list import WEATHER
from test_snapshots import script

from kimistream import AsyncKimi, Image, InvalidRequestError, Kimi, Message, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PNG_BYTES = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class Asking:
    """A client and a server that answers whatever it is asked."""

    def __init__(self, server: FaultServer) -> None:
        self.server = server
        self.url = server.url(script("moonshot", {}))
        self.client = Kimi(api_key=KEY, base_url=self.url, provider="moonshot", max_retries=0)

    def __call__(self, *arguments: Any, **named: Any) -> dict[str, str]:
        """The warnings of the answer."""
        answer = self.client.complete(*arguments, **named)
        return {warning.code: warning.message for warning in answer.warnings}

    def body(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """What went out."""
        self(*arguments, **named)
        return sent(self.server, self.url)

    def refusal(self, kind: type[Exception], *arguments: Any, **named: Any) -> str:
        """The message of the error; nothing went out."""
        before = self.server.requests(self.url)
        with pytest.raises(kind) as refused:
            self.client.complete(*arguments, **named)
        assert self.server.requests(self.url) == before
        return str(refused.value)


@pytest.fixture
def ask(fault_server: FaultServer) -> Iterator[Asking]:
    fault_server.reset()
    asking = Asking(fault_server)
    yield asking
    asking.client.close()


class TestMisspelt:
    def test_an_argument(self, ask: Asking) -> None:
        assert ask("hi", max_token=5)["unknown_field"] == (
            "max_token is no field of the API that is known; it is sent as it is. Did you mean max_tokens?"
        )
        assert sent(ask.server, ask.url)["max_token"] == 5
        assert "Did you mean system?" in ask("hi", sytem="x")["unknown_field"]
        assert "Did you mean temperature?" in ask("hi", temprature=1)["unknown_field"]

    def test_every_argument_that_stands_beside_fields(self, ask: Asking) -> None:
        methods = [Kimi.complete, Kimi.run, Kimi.map, Kimi.swarm, Kimi.conversation, type(ask.client.batches).submit]
        names = {name for method in methods for name in inspect.signature(method).parameters}
        names |= {"schema", "schema_retries", "prefill_name"}  # among the fields
        names -= {"self", "fields", "request"}  # and what takes them
        for name in names:
            if len(name) < 5:  # one slip makes another word of it
                continue
            slip = name[:3] + name[4:]
            assert f"Did you mean {name}?" in ask.refusal(InvalidRequestError, "hi", **{slip: 1}, check="error"), slip
        told = ask.refusal(InvalidRequestError, "hi", rmp=5, check="error")
        assert "Did you mean rpm?" in told

    def test_a_message_s_key(self, ask: Asking) -> None:
        told = ask([{"role": "user", "content": "hi", "contents": "x"}])["unknown_field"]
        assert told.startswith("message 0: contents is no key of a message")
        assert "a part of content" in ask([{"role": "user", "content": "hi", "imges": [1]}])["unknown_field"]

    def test_an_extension_and_extra_body_pass_in_silence(self, ask: Asking) -> None:
        assert ask("hi", my_gateway="eu", extra_body={"max_token": 5}) == {}

    def test_error_refuses(self, ask: Asking) -> None:
        told = ask.refusal(InvalidRequestError, "hi", max_token=5, check="error")
        assert "Did you mean max_tokens? [unknown_field]" in told

    @pytest.mark.parametrize("stream", [False, True])
    def test_of_openai_s_shape_it_is_logged(self, ask: Asking, stream: bool, caplog: pytest.LogCaptureFixture) -> None:
        async def go() -> None:
            async with AsyncKimi(KEY, base_url=ask.url, provider="moonshot") as client:
                answer: Any = await client.chat.completions.create(**question)
                if stream:
                    assert [chunk async for chunk in answer]

        question: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_token": 5, "stream": stream}
        with caplog.at_level("INFO", logger="kimistream"):
            answer: Any = ask.client.chat.completions.create(**question)
            if stream:
                assert list(answer)
            run(go())
        told = "Did you mean max_tokens? [unknown_field]"
        assert [line.endswith(told) for line in caplog.messages] == [True, True]

    def test_off_is_silent(self, ask: Asking) -> None:
        assert ask("hi", max_token=5, check="off") == {}


class TestThePrompt:
    MESSAGES: tuple[dict[str, str], ...] = ({"role": "user", "content": "hi"},)

    def test_messages_is_another_name_of_it(self, ask: Asking) -> None:
        assert ask.body(messages=list(self.MESSAGES))["messages"] == list(self.MESSAGES)
        with ask.client.stream(messages=list(self.MESSAGES)) as stream:
            assert stream.message.role == "assistant"

    def test_the_asynchronous_client_takes_it_too(self, ask: Asking) -> None:
        async def go() -> None:
            async with AsyncKimi(api_key=KEY, base_url=ask.url, provider="moonshot") as client:
                await client.complete(messages=list(self.MESSAGES))
                with pytest.raises(InvalidRequestError, match="complete"):
                    await client.complete("hi", stream=True)

        run(go())
        assert sent(ask.server, ask.url)["messages"] == list(self.MESSAGES)

    def test_both_names_at_once(self, ask: Asking) -> None:
        assert "give one of them" in ask.refusal(TypeError, "hi", messages=list(self.MESSAGES))

    def test_none(self, ask: Asking) -> None:
        assert "a prompt is missing" in ask.refusal(TypeError)

    def test_a_single_picture_stands_for_a_list_of_it(self, ask: Asking, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(PNG_BYTES)
        (message,) = ask.body(Image(tmp_path / "a.png"))["messages"]
        assert message["content"][0]["type"] == "image_url"
        assert ask.body([{"role": "user", "content": Image(tmp_path / "a.png")}])["messages"] == [message]

    def test_what_is_no_part(self, ask: Asking, tmp_path: Path) -> None:
        told = ask.refusal(TypeError, ["What?", b"\x89PNG"])
        assert told.startswith("prompt[1]: a content part is a text, a dict, an Image or a Video, not bytes")
        assert "Image(...)" in ask.refusal(TypeError, ["What?", tmp_path])
        told = ask.refusal(TypeError, [{"role": "user", "content": ["a", 5]}])
        assert told.startswith("messages[0].content[1]: ")

    def test_a_path_that_is_sent_as_a_text(self, ask: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "photo.PNG").write_bytes(PNG_BYTES)
        (tmp_path / "clip.mp4").write_bytes(b"")
        monkeypatch.chdir(tmp_path)
        told = ask(["What is this?", "photo.PNG"])["path_as_text"]
        assert told == (
            'message 0: "photo.PNG" is sent as a text, and there is a file of that name. To show it, send '
            'Image("photo.PNG")'
        )
        assert 'Video("clip.mp4")' in ask([{"role": "user", "content": "clip.mp4"}])["path_as_text"]
        assert "path_as_text" in ask("photo.PNG")
        assert ask("photo.PNG", check="off") == {}

    @pytest.mark.parametrize("text", ["absent.png", "photo.txt", "See photo.png\n", ".png", "x" * 2000 + ".png", "."])
    def test_a_text_that_is_none(self, ask: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        (tmp_path / "photo.png").write_bytes(PNG_BYTES)
        (tmp_path / "photo.txt").write_bytes(PNG_BYTES)
        monkeypatch.chdir(tmp_path)
        assert ask(["What is this?", text]) == {}

    def test_half_of_a_surrogate_pair(self, ask: Asking) -> None:
        assert "U+FFFD" in ask("a\ud83d")["lone_surrogate"]
        assert sent(ask.server, ask.url)["messages"][0]["content"] == "a\ufffd"
        assert "lone_surrogate" in ask([{"role": "user", "content": [{"type": "text", "text": "\udc80"}]}])
        assert "lone_surrogate" in ask("hi", system="\ud83d")
        assert ask("\U0001f600") == {}

    def test_an_address_that_is_none(self, ask: Asking) -> None:
        told = ask([{"type": "image_url", "image_url": {"url": "photo.png"}}])["no_address"]
        assert '"photo.png" is no address' in told
        assert "Image(path)" in told


class TestTools:
    def test_a_single_function(self, ask: Asking) -> None:
        def get_weather(city: str) -> str:
            return city

        assert ask.refusal(TypeError, "hi", tools=get_weather) == (
            "tools must be a list of tools, not the function get_weather: put it into [ ]"
        )
        assert ask.refusal(TypeError, "hi", tools=Tool(get_weather)) == (
            "tools must be a list of tools, not Tool: put it into [ ]"
        )

    def test_a_single_dict(self, ask: Asking) -> None:
        assert ask.refusal(TypeError, "hi", tools=WEATHER) == (
            "tools must be a list of tools, not a single dict: put it into [ ]"
        )

    @pytest.mark.parametrize("tools", ["get_weather", 5])
    def test_what_is_no_list(self, ask: Asking, tools: object) -> None:
        assert "tools must be a list of tools" in ask.refusal(TypeError, "hi", tools=tools)

    def test_what_is_no_tool(self, ask: Asking) -> None:
        told = ask.refusal(TypeError, "hi", tools=[WEATHER, "get_weather"])
        assert told.startswith("tools[1] must be a function, a Tool, a pydantic model or a dict")

    def test_any_iterable_of_tools_is_taken(self, ask: Asking) -> None:
        assert ask.body("hi", tools=(tool for tool in [WEATHER]))["tools"] == [WEATHER]


class Answer:
    pass


class WithSchema:
    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {}


# field, value, what is said
WRONG_TYPES: list[tuple[str, Any, str]] = [
    ("temperature", "hot", "temperature must be a number, not str"),
    ("temperature", True, "temperature must be a number, not bool"),
    ("top_p", [1], "top_p must be a number, not list"),
    ("n", 1.5, "n must be an int, not float"),
    ("seed", "1", "seed must be an int, not str"),
    ("stop", 5, "stop must be a str or a list of str, not int"),
    ("stop", ["a", 5], "stop must be a str or a list of str, not list"),
    ("response_format", "json", 'response_format must be a dict such as {"type": "json_object"}, not str'),
    ("response_format", Answer, '"json_schema": {"name": "Answer", "schema": its JSON Schema}'),
    ("response_format", WithSchema, '"name": "WithSchema", "schema": WithSchema.model_json_schema()}'),
    ("stream_options", True, 'stream_options must be a dict such as {"include_usage": True}, not bool'),
    ("user", 5, "user must be a str, not int"),
    ("api_key", "sk-1", "api_key is an argument of the client, Kimi(...), and none of a request"),
    ("max_tokens", "5", "max_tokens must be an int, not str"),
    ("max_tokens", 5.5, "max_tokens must be an int, not float"),
    ("tools", 5, "tools must be a list of tools, not int"),
]


@pytest.mark.parametrize(("field", "value", "said"), WRONG_TYPES)
def test_a_wrong_type_is_named(ask: Asking, field: str, value: object, said: str) -> None:
    assert said in ask.refusal(TypeError, "hi", **{field: value})
    if field == "response_format" and isinstance(value, type):  # a class there is what `parse` takes
        said = "chat.completions.parse()"
    if field != "api_key":
        with pytest.raises(TypeError, match=re.escape(said)):
            ask.client.chat.completions.create(messages=[{"role": "user", "content": "hi"}], **{field: value})


def test_right_types_are_taken(ask: Asking) -> None:
    given = {"temperature": 1, "top_p": 0.95, "n": 1, "seed": 7, "stop": ("a", "b"), "user": "u"}
    body = ask.body("hi", **given, response_format={"type": "text"}, top_logprobs=None)
    assert {key: body[key] for key in given} == {**given, "stop": ["a", "b"]}
    assert "top_logprobs" not in body


def test_a_limit_of_nothing(ask: Asking) -> None:
    for limit in (0, -1):
        assert ask.refusal(InvalidRequestError, "hi", max_tokens=limit) == "max_tokens must be at least 1"


class TestStream:
    def test_complete_says_where_streaming_is(self, ask: Asking) -> None:
        told = ask.refusal(InvalidRequestError, "hi", stream=True)
        assert "stream() gives it in pieces" in told

    def test_stream_says_where_a_whole_answer_is(self, ask: Asking) -> None:
        with pytest.raises(InvalidRequestError, match=r"complete\(\) gives it whole"):
            ask.client.stream("hi", stream=False)

    def test_what_is_so_anyhow_is_not_sent(self, ask: Asking) -> None:
        assert "stream" not in ask.body("hi", stream=False)
        with ask.client.stream("hi", stream=True) as stream:
            assert stream.message.finish_reason


class Enum(enum.IntEnum):
    FIVE = 5


# what stands in the fields, and where it is found
UNSENDABLE: list[tuple[Any, str]] = [
    ({"a": datetime.datetime(2026, 1, 1)}, "metadata.a: an object of type datetime.datetime cannot be sent as JSON"),
    ({"a": [1, {"b": decimal.Decimal("1.5")}]}, "metadata.a[1].b: an object of type decimal.Decimal cannot be sent"),
    ({"a": math.nan}, "metadata.a: JSON has no NaN and no infinity"),
    ({"a": [math.inf]}, "metadata.a[0]: JSON has no NaN and no infinity"),
    ({"a": {1, 2}}, "metadata.a: an object of type set cannot be sent"),
    ({"a": Answer}, "metadata.a: the class Answer cannot be sent as JSON"),
    ({50256: -100}, "metadata: the key of a JSON object must be a str, not int"),
]


@pytest.mark.parametrize(("metadata", "said"), UNSENDABLE)
def test_what_cannot_be_sent_is_named_with_its_place(ask: Asking, metadata: dict[Any, Any], said: str) -> None:
    assert ask.refusal((TypeError, InvalidRequestError), "hi", metadata=metadata).startswith(said)  # type: ignore[arg-type]
    told = ask.refusal((TypeError, InvalidRequestError), "hi", extra_body={"metadata": metadata})  # type: ignore[arg-type]
    assert told.startswith(f"extra_body.{said}")


def test_places_in_tools_and_messages(ask: Asking) -> None:
    tool = {"type": "function", "function": {"name": "some", "parameters": {"default": math.nan}}}
    assert ask.refusal(InvalidRequestError, "hi", tools=[WEATHER, tool]).startswith(
        "tools[1].function.parameters.default: "
    )
    told = ask.refusal(TypeError, [{"role": "user", "content": "x", "cache_control": {"at": datetime.date.today()}}])
    assert told.startswith("messages[0].cache_control.at: ")


def test_an_object_that_holds_itself(ask: Asking) -> None:
    loop: dict[str, Any] = {}
    loop["a"] = loop
    assert "does it hold itself?" in ask.refusal(InvalidRequestError, "hi", metadata=loop)


def test_an_enumeration_of_numbers_is_a_number(ask: Asking) -> None:
    assert ask.body("hi", max_tokens=Enum.FIVE)["max_completion_tokens"] == 5


def test_a_file_without_a_purpose(ask: Asking) -> None:
    with pytest.raises(TypeError) as refused:
        ask.client.files.create(file=b"x")
    for purpose in ("file-extract", "image", "video", "batch"):
        assert f'"{purpose}"' in str(refused.value)


class TestKept:
    MESSAGE = Message(
        "assistant", "Parí\n", "hm", finish_reason="stop", warnings=[], id="1", reasoning_details=[{"a": 1}]
    )

    def test_an_answer_comes_back_equal(self, ask: Asking) -> None:
        answer = ask.client.complete("hi", max_token=5)
        assert answer.warnings
        assert answer.usage
        line = json.dumps(answer.to_dict())
        assert Message.from_dict(json.loads(line)) == answer
        assert json.loads(answer.to_json()) == answer.to_dict()
        assert "\n" not in self.MESSAGE.to_json()
        assert Message.from_dict(self.MESSAGE.to_dict()) == self.MESSAGE

    def test_a_message_kept_before_breaks_were_counted_says_whether_there_were_any(self) -> None:
        for kept, resumed in ((True, 1), (False, 0), (None, 0), (3, 3)):
            message = Message.from_dict({"role": "assistant", "resumed": kept})
            assert message.resumed == resumed
            assert type(message.resumed) is int
            assert Message.from_dict(message.to_dict()) == message

    def test_calls_come_back_as_they_are_on_the_wire(self) -> None:
        from kimistream import ToolCall

        calls = [ToolCall(0, "a:0", "f", "{}"), ToolCall(3, "", "$web", "{", "builtin_function", False)]
        message = Message(tool_calls=calls)
        kept = message.to_dict()
        assert kept["tool_calls"][0] == {"id": "a:0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        assert Message.from_dict(json.loads(json.dumps(kept))) == message

    def test_a_prompt_takes_what_was_kept(self, ask: Asking) -> None:
        answer = ask.client.complete("hi")
        again = [{"role": "user", "content": "hi"}, answer, {"role": "user", "content": "more"}]
        expected = ask.body(again)["messages"]
        for kept in (answer.to_dict(), Message.from_dict(answer.to_dict())):
            assert ask([*again[:1], kept, *again[2:]]) == {}
            assert sent(ask.server, ask.url)["messages"] == expected

    def test_pictures_go_in_whole(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(PNG_BYTES)
        message = Message("user", ["What?", Image(tmp_path / "a.png")])
        kept = json.loads(message.to_json())
        assert kept["content"][0] == "What?"
        assert kept["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
        assert Message.from_dict(kept).content == kept["content"]

    def test_a_message_of_the_openai_shape(self) -> None:
        message = Message.from_dict({"role": "assistant", "content": "x", "reasoning_content": "r", "refusal": None})
        assert (message.text, message.reasoning) == ("x", "r")

    def test_what_is_none(self) -> None:
        with pytest.raises(ValueError, match="no field 'contents'"):
            Message.from_dict({"role": "user", "contents": "x"})
        with pytest.raises(ValueError, match="role"):
            Message.from_dict({"content": "x"})
        with pytest.raises(TypeError, match=r"json\.loads"):
            Message.from_dict("{}")  # type: ignore[arg-type]


class Scalar:
    """What numpy's scalars have: a value that is asked for."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value


class int64(Scalar):  # noqa: N801 - the names of numpy
    def __index__(self) -> int:
        return int(self.value)


class float32(Scalar):  # noqa: N801
    def __float__(self) -> float:
        return float(self.value)


class bool_(Scalar):  # noqa: N801
    def __bool__(self) -> bool:
        return bool(self.value)


class datetime64(Scalar):  # noqa: N801
    def __float__(self) -> float:
        raise TypeError("a date is no number")


class ndarray(Scalar):  # noqa: N801
    def __len__(self) -> int:
        return 1

    def __float__(self) -> float:
        return float(self.value)


class TestNumbersOfOtherLibraries:
    def test_scalars_are_numbers(self, ask: Asking) -> None:
        # 0.949999988079071 is what a float of single precision holds when 0.95 was meant.
        body = ask.body(
            "hi",
            max_tokens=int64(100),
            top_p=float32(0.949999988079071),
            thinking=bool_(True),
            timeout=float32(10.0),
            metadata={"a": [int64(1), bool_(False)], "b": float32(0.1)},
        )
        assert body["max_completion_tokens"] == 100
        assert body["top_p"] == 0.95
        assert body["thinking"] == {"type": "enabled"}
        assert body["metadata"] == {"a": [1, False], "b": 0.1}

    def test_in_tools(self, ask: Asking) -> None:
        tool = json.loads(json.dumps(WEATHER))
        tool["function"]["parameters"]["properties"]["n"] = {"type": "integer", "maximum": int64(5)}
        assert ask.body("hi", tools=[tool])["tools"][0]["function"]["parameters"]["properties"]["n"]["maximum"] == 5

    def test_arrays_and_dates_are_none(self, ask: Asking) -> None:
        assert ask.refusal(TypeError, "hi", metadata={"a": ndarray(1)}).startswith(
            "metadata.a: an object of type ndarray"
        )
        assert ask.refusal(TypeError, "hi", metadata={"a": datetime64(1)}).startswith("metadata.a: ")
        assert "max_tokens must be an int" in ask.refusal(TypeError, "hi", max_tokens=ndarray(5))
        assert "max_tokens must be an int, not float32" in ask.refusal(TypeError, "hi", max_tokens=float32(5.0))
        assert "temperature must be a number" in ask.refusal(TypeError, "hi", temperature=bool_(True))

    def test_numpy_s_own(self, ask: Asking) -> None:
        np = pytest.importorskip("numpy")
        body = ask.body(
            "hi",
            max_tokens=np.int64(100),
            top_p=np.float32(0.95),
            thinking=np.bool_(True),
            timeout=np.float64(10),
            metadata={"a": np.uint8(1), "b": np.float16(0.5), "c": np.bool_(False), "d": np.str_("x")},
        )
        assert (body["max_completion_tokens"], body["top_p"]) == (100, 0.95)
        assert body["metadata"] == {"a": 1, "b": 0.5, "c": False, "d": "x"}
        for value in (np.array([1, 2]), np.array(5), np.datetime64("2026-01-01"), np.timedelta64(5, "s")):
            assert ask.refusal(TypeError, "hi", metadata={"a": value}).startswith(
                "metadata.a: an object of type numpy."
            )
        assert "NaN" in ask.refusal(InvalidRequestError, "hi", metadata={"a": np.float32("nan")})

    def test_pictures_of_numpy_and_pillow_are_parts(self, ask: Asking) -> None:
        np = pytest.importorskip("numpy")
        pillow = pytest.importorskip("PIL.Image")
        array = np.zeros((2, 2, 3), dtype="uint8")
        for picture in (array, pillow.fromarray(array)):
            (message,) = ask.body(["What?", picture])["messages"]
            assert message["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")
            for alone in (
                picture,
                [{"role": "user", "content": picture}],
                [{"type": "image_url", "image_url": {"url": picture}}],
            ):
                (message,) = ask.body(alone)["messages"]
                assert message["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
        with pytest.raises(InvalidRequestError, match="a picture is height x width"):
            ask.client.complete(["What?", np.zeros(3)])
