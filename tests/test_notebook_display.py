"""What displays itself in a notebook, and that nothing in it is more than text, whatever a model says."""

from __future__ import annotations

import html.parser
import json
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fault_server_client import DONE, FaultServer, Script
from kit import KEY, USAGE, answer, async_kimi, call_frame, frame, kimi, run, stream_of, until
from notebook_kit import DrawnCell

from kimistream import APIError, Image, IncompleteStreamError, Message, Notice, Row, ToolCall, Usage
from kimistream._notebook import markdown
from kimistream._notebook.live import draw
from kimistream._notebook.story import Looked, Story
from kimistream.simulator import Simulator

MEDIA = {"text/html", "text/markdown", "text/plain"}


def bundle_of(value: Any) -> dict[str, str]:
    bundle: dict[str, str] = value._repr_mimebundle_(include=None, exclude=None)
    json.dumps(bundle)
    return bundle


class Tags(html.parser.HTMLParser):
    """What a page is made of: its tags, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(params=["with markdown-it-py", "without"])
def renders(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    has_it = request.param != "without"
    if has_it:
        pytest.importorskip("markdown_it")
    else:
        monkeypatch.setitem(sys.modules, "markdown_it", None)
    markdown._renderer.cache_clear()
    yield has_it
    markdown._renderer.cache_clear()


# ---- a message ------------------------------------------------------------------------------------------------------


def test_a_message_shows_thinking_folded_its_answer_its_calls_and_what_it_took() -> None:
    usage = Usage(1200, 34, 1234, 1000, 20, 0.0123, cost_source="provider")
    calls = [ToolCall(0, "c1", "get_weather", '{"city": "Paris"}')]
    notices = [Notice("odd", "something odd was met")]
    message = Message("assistant", "It is **warm**.", "Let me see.", calls, "stop", usage, notices, model="kimi-k2.6")
    bundle = bundle_of(message)
    assert set(bundle) >= MEDIA - {"text/html"}
    for page in (bundle["text/markdown"], bundle.get("text/html", bundle["text/markdown"])):
        assert re.search(
            r"<details>\s*<summary>Thinking: 11 characters</summary>.*Let me see\..*</details>", page, re.S
        )
        assert "get_weather" in page
        assert "something odd was met" in page
        assert "1,234 tokens (1,200 in, 1,000 cached, 34 out, 20 thinking)" in page
        assert "cost 0.0123" in page
        assert "kimi-k2.6" in page
    assert "It is **warm**." in bundle["text/plain"]


def test_markdown_is_rendered_and_code_is_coloured() -> None:
    pytest.importorskip("markdown_it")
    table, code = "| a | b |\n|---|---|\n| 1 | 2 |", "```python\ndef f(x: list[int]) -> None: ...\n```"
    text = f"# Title\n\n{table}\n\n{code}\n\n* `a<b>` **c**\n"
    page = bundle_of(Message("assistant", text))["text/html"]
    tags = [tag for tag, _ in Tags(page).tags]
    assert {"h1", "table", "pre", "code", "li", "strong"} <= set(tags)
    assert "<code>a&lt;b&gt;</code>" in page
    if "pygments" in sys.modules:
        assert re.search(r'<span style="color: #\w+">def</span>', page)


@pytest.mark.parametrize("formula", [r"$x_1 < y_2$", r"\(a_b*c*\)", r"\[ \frac{1}{2} \]", "$$a_1\n= b_1$$"])
def test_formulas_stay_for_notebooks_that_set_them(formula: str) -> None:
    pytest.importorskip("markdown_it")
    page = bundle_of(Message("assistant", f"So {formula} holds, for $5 or $6."))["text/html"]
    assert html.unescape(page).count(formula) == 1
    assert "<em>" not in page
    assert "$5 or $6" in page


def test_a_formula_that_would_be_more_is_code() -> None:
    pytest.importorskip("markdown_it")
    page = bundle_of(Message("assistant", r"See \(\href{javascript:alert(1)}{x}\)."))["text/html"]
    assert r"<code>\(\href{javascript:alert(1)}{x}\)</code>" in page


@pytest.mark.parametrize(
    "around", ["$ % $", "\\$%\\$", "&#36;%&#36;", "\\\\(%\\\\)", "$a\n%$", "$%$5", r"\begin{align}%\end{align}"]
)
def test_however_it_is_written(around: str) -> None:
    pytest.importorskip("markdown_it")
    formula = around.replace("%", r"\href{javascript:alert(1)}{x}")
    shown = bundle_of(Message("assistant", f"See {formula} there."))
    for kind in ("text/html", "text/markdown"):
        assert r"\href" not in re.sub(r"<code>.*?</code>", "", html.unescape(shown[kind]), flags=re.S)


@pytest.mark.parametrize(
    "address", ["view-source:javascript:x", "feed:javascript:x", "blob:https://a.example/x", "x-app:y"]
)
def test_links_lead_to_pages_and_nowhere_else(address: str) -> None:
    pytest.importorskip("markdown_it")
    assert "<a " not in bundle_of(Message("assistant", f"[x]({address})"))["text/html"]
    assert '<a href="/a?b=c:d"' in bundle_of(Message("assistant", "[x](/a?b=c:d)"))["text/html"]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</div></details><iframe src='//evil.test'></iframe>",
    "```html\n<script>alert(1)</script>\n```\n<script>alert(2)</script>",
    "```\nnever closed <svg onload=alert(1)>",
    "- a\n  ```\n<img src=x onerror=alert(1)>\n```\n<b onclick=alert(1)>x</b>",
    "`<script>` and ``a` <img src=x onerror=alert(1)>``",
    "[x](javascript:alert(1)) [y]( JaVaScRiPt:alert(1)) [z](javascript&#58;alert(1)) [w](javascript\\:alert(1))",
    "[x]: javascript:alert(1)\n\n[x] [data](data:text/html;base64,PHNjcmlwdD4=) [v](vbscript:x)",
    "![a](https://evil.test/?stolen) [![b](https://evil.test/?stolen)](https://evil.test)",
    '[a](https://evil.test "onmouseover=\'alert(1)\'") [b](https://x.test/"onclick="alert(1))',
    "<https://fine.test/> &lt;script&gt;alert(1)&lt;/script&gt;",
    '```python" onclick="alert(1)\nx\n```',
    "| <script>a</script> |\n|---|\n| <img src=x onerror=a> |",
]
OURS = {
    *("a", "b", "blockquote", "br", "code", "details", "div", "em", "h1", "h2", "hr", "li", "ol", "p", "pre", "s"),
    *("span", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}


def is_harmless(page: str) -> None:
    for tag, attributes in Tags(page).tags:
        assert tag in OURS
        assert set(attributes) <= {"style", "class", "href", "title", "target", "rel"}
        assert (attributes.get("href") or "https://").startswith("https://")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_model_says_is_more_than_text(text: str, renders: bool) -> None:
    call = ToolCall(0, text, text, text)
    message = Message("assistant", text, text, [call], text, None, [Notice(text, text)], model=text)
    error = APIError(text, partial=message)
    for value in (message, error, Row(text, 0, text, message), Row(text, 0, text, error=error)):
        bundle = bundle_of(value)
        assert ("text/html" in bundle) == renders
        is_harmless(bundle.get("text/html", ""))
        # Whatever reads the Markdown, and whatever it takes for code: the only tags are ours.
        is_harmless(bundle["text/markdown"])
        assert "![" not in bundle["text/markdown"]


@pytest.mark.parametrize("text", HOSTILE)
def test_its_markdown_is_harmless_in_a_notebook_that_lets_html_through(text: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    lets_through = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    lets_through.validateLink = lambda url: True
    page = lets_through.render(bundle_of(Message("assistant", text))["text/markdown"])
    for tag, attributes in Tags(page).tags:
        assert tag in OURS
        assert not [name for name in attributes if name.startswith("on")]
        assert not re.match(r"(?i)\s*(javascript|vbscript|data|file):", attributes.get("href") or "")


def test_code_survives_where_the_notebook_renders(renders: bool) -> None:
    text = "Use `vector<int>`:\n\n```cpp\nstd::map<int, int> a;\n\n#include <map>\n```\n\nand so on"
    bundle = bundle_of(Message("assistant", text))
    page = bundle["text/html" if renders else "text/markdown"]
    bare = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert "vector<int>" in bare
    assert "std::map<int, int> a;\n\n#include <map>" in bare


def test_no_key_is_shown(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(401, {"error": {"message": f"the key {KEY} is wrong", "type": "auth"}}))
    with kimi(url) as client:
        with pytest.raises(APIError) as raised:
            client.complete("hi")
        shown = [client.conversation(system="be brief"), raised.value]
        assert [each for each in shown if KEY in str(bundle_of(each))] == []


# ---- values ---------------------------------------------------------------------------------------------------------


def test_usage_says_what_was_counted() -> None:
    assert bundle_of(Usage(1, 2, 3, cost=0.5))["text/plain"] == "[3 tokens (1 in, 2 out) · cost 0.5000]"
    assert bundle_of(Usage())["text/plain"] == "[nothing was counted]"


PRICES = """
[prices."moonshot-cn/kimi-k2.6"]
input = 6.5
output = 27.0
currency = "CNY"
[prices."openrouter/moonshotai/kimi-k2.6"]
input = 1.0
output = 4.0
currency = "EUR"
"""


@pytest.mark.parametrize(
    ("provider", "currency"), [("moonshot", "USD"), ("moonshot-cn", "CNY"), ("openrouter", "EUR"), ("vllm", None)]
)
def test_a_cost_is_in_its_currency(
    fault_server: FaultServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, provider: str, currency: str | None
) -> None:
    (tmp_path / "kimistream.toml").write_text(PRICES)
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(tmp_path / "kimistream.toml"))
    told = {**USAGE, "cost": 0.25} if currency is None else USAGE
    with kimi(fault_server.url(stream_of("One", usage=told)), provider=provider) as client:
        stream = client.stream("hi")
        chunks = client.chat.completions.create(messages=[{"role": "user", "content": "hi"}], stream=True)
        shown = [bundle_of(each)["text/plain"] for each in (stream, stream.message, stream.usage, chunks)]
        shown += [bundle_of(pickle.loads(pickle.dumps(stream.message)))["text/plain"]]
        shown += [bundle_of(stream.usage + stream.usage)["text/plain"]]
        chat, loop, team = client.conversation(), client.run("hi", tools=[]), client.swarm("hi", plan=["one"])
        chat.send("hi")
        assert loop.message.text == team.message.text == "One"
        shown += [bundle_of(each)["text/plain"] for each in (chat, loop, team)]
        assert stream.usage.currency == currency
    expected = rf"cost [\d.]+(e-\d+)? {currency}( · |\])" if currency else r"cost [\d.]+( · |\])"
    assert [each for each in shown if not re.search(expected, each)] == []
    assert "$" not in "".join(shown)


def test_a_page_that_is_drawn_late_is_not_drawn_over_the_end() -> None:
    """The thread that draws has looked at what had come, or is about to, as the reader ends."""
    came, looks, ends = [Message(content="half")], threading.Event(), threading.Event()

    def whole() -> Message:
        message = came[-1]
        if threading.current_thread() is not threading.main_thread():
            looks.set()
            ends.wait(0.2)  # the reader waits meanwhile
        return message

    looked = Looked(whole=whole)
    drawer = threading.Thread(target=looked.sheet, args=(True,))
    drawer.start()
    looks.wait()
    came.append(Message(content="half and the rest", finish_reason="stop"))
    looked.ended()
    ends.set()
    drawer.join()
    for live in (True, False):
        assert "half and the rest" in looked.sheet(live).bundle()["text/plain"]
    assert "not finished" not in looked.sheet().bundle()["text/plain"]


def test_an_error_shows_what_had_come() -> None:
    error = IncompleteStreamError("it broke off", request_id="r1", retryable=True, partial=Message(content="One two"))
    plain = bundle_of(error)["text/plain"]
    assert plain.splitlines()[:4] == [
        "IncompleteStreamError: it broke off",
        "[request id r1 · can be tried again]",
        "what had come:",
        "One two",
    ]


def test_in_ipython_on_a_terminal_values_are_looked_at_by_their_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = type("TerminalInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    message = Message(content="hi")
    assert bundle_of(message) == {"text/plain": repr(message)}


# ---- streams --------------------------------------------------------------------------------------------------------


def test_to_look_at_a_stream_is_to_read_it(fault_server: FaultServer) -> None:
    with kimi(fault_server.url(stream_of("One ", "two"))) as client:
        stream = client.stream("hi")
        plain = bundle_of(stream)["text/plain"]
        assert plain.startswith("One two\n[22 tokens (12 in, 10 out) · ")
        assert stream.message.text == "One two"
        assert bundle_of(stream)["text/plain"].startswith("One two\n[22 tokens")


def test_a_whole_answer_says_how_long_it_took(simulator: Simulator) -> None:
    async def main() -> Message:
        async with async_kimi(simulator.base_url, api_key=simulator.api_key) as client:
            return await client.complete("hi")

    with kimi(simulator.base_url, api_key=simulator.api_key) as client:
        for message in (client.complete("hi"), run(main())):
            assert re.search(r" · \d+\.\d s · ", bundle_of(message)["text/plain"])


def test_what_was_read_before_is_shown_too(fault_server: FaultServer) -> None:
    with kimi(fault_server.url(stream_of("One ", "two"))) as client:
        stream = client.stream("hi")
        assert next(stream.text) == "One "
        assert bundle_of(stream)["text/plain"].startswith("One two\n")


def test_a_stream_is_drawn_in_one_cell(cell: DrawnCell, fault_server: FaultServer) -> None:
    with kimi(fault_server.url(stream_of("One ", "two"))) as client:
        client.stream("hi")._ipython_display_()
    assert [how for how, _ in cell.drawn].count("display") == 1
    assert "One two" in cell.drawn[-1][1]["text/plain"]


def test_what_the_reader_cannot_draw_is_drawn_all_the_same(cell: DrawnCell) -> None:
    """The reader waits for its next event: the one before is drawn meanwhile."""
    story = Story()

    def events() -> Iterator[Any]:
        yield SimpleNamespace(type="thinking", text="Hm.")
        yield SimpleNamespace(type="text", text="One")
        while not any("One" in bundle["text/plain"] for _, bundle in cell.drawn):  # waits
            pass
        raise KeyboardInterrupt

    closed: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        draw(story, events(), lambda: closed.append(True))
    assert closed == [True]
    last = cell.drawn[-1][1]["text/plain"]
    assert last.splitlines()[1] == "One"
    assert "stopped" in last


def test_of_a_long_answer_its_end_is_drawn_while_it_comes() -> None:
    story = Story()
    story.take(SimpleNamespace(type="text", text="".join(f"part {number}\n\n" for number in range(9999))))
    story.take(SimpleNamespace(type="text", text="```\n" + "code\n\n" * 9999 + "```\n\nthe end"))
    live = story.sheet(live=True).bundle()["text/plain"]
    assert re.fullmatch(r"\[… [\d,]+ characters before, which are shown at the end\]\nthe end", live)
    assert story.sheet().bundle()["text/plain"].startswith("part 0\n")


@pytest.mark.parametrize("sign", ["`", "$", "$a ", "\\(", "\\[", "```\n", "~~~a\n", "a`", "*", "` ", "\\(\\) "])
def test_what_is_nested_without_end_takes_no_time_without_end(sign: str, renders: bool) -> None:
    page = bundle_of(Message("assistant", sign * 20_000))
    assert ("text/html" in page) == renders


def test_what_is_void_is_not_shown_any_more() -> None:
    story = Story()
    for event in (
        SimpleNamespace(type="text", text="wrong"),
        SimpleNamespace(type="restarted", reason="it broke off"),
        SimpleNamespace(type="text", text="right"),
        SimpleNamespace(type="finish", reason="length"),
        SimpleNamespace(type="something_new"),
    ):
        story.take(event)
    plain = story.sheet().bundle()["text/plain"]
    assert plain == "[⚠ it broke off]\nright\n[cut at the limit of tokens]"


def test_an_asynchronous_stream_shows_what_has_come(fault_server: FaultServer) -> None:
    async def main() -> None:
        async with async_kimi(fault_server.url(stream_of("One ", "two"))) as client:
            stream = client.stream("hi")
            assert "One" not in bundle_of(stream)["text/plain"]
            await stream.message
            assert bundle_of(stream)["text/plain"].startswith("One two\n[22 tokens")

    run(main())


def chunks_of(client: Any, how: str) -> Any:
    """A stream in the OpenAI shape."""
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
    completions = client.chat.completions
    return completions.create(stream=True, **asked) if how == "create" else completions.stream(**asked)


def a_call() -> list[bytes]:
    call = call_frame(0, "c1", "add", '{"a": 1}')
    return [frame("", role="assistant"), frame(reasoning_content="Hm."), frame("One "), frame("two"), call,
            frame(finish_reason="tool_calls", usage=USAGE), DONE]  # fmt: skip


SHOWN = re.compile(
    r"^\[Thinking: 3 characters\]\nOne two\n\[add\(\{\"a\": 1\}\)\]\n\[22 tokens \(12 in, 10 out\) · .*kimi-k2\.6\]$"
)


@pytest.mark.parametrize("how", ["create", "stream"])
def test_to_look_at_a_stream_in_the_openai_shape_is_to_read_it(fault_server: FaultServer, how: str) -> None:
    with kimi(fault_server.url(Script().event_stream(a_call()))) as client:
        stream = chunks_of(client, how)
        if how == "stream":
            stream = stream.__enter__()
        assert next(stream) is not None, "what was read before is shown, too"
        assert SHOWN.search(bundle_of(stream)["text/plain"])
        assert list(stream) == []
        assert SHOWN.search(bundle_of(stream)["text/plain"])


@pytest.mark.parametrize("how", ["create", "stream"])
def test_it_is_drawn_while_it_comes(cell: DrawnCell, fault_server: FaultServer, how: str) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.chunk(frame(reasoning_content="Hm.")).chunk(frame("One ")).stall()
    with kimi(fault_server.url(script), timeout=0.7) as client:
        stream = chunks_of(client, how)
        if how == "stream":
            stream = stream.__enter__()
        stream._ipython_display_()
    assert [how for how, _ in cell.drawn].count("display") == 1
    live = [bundle["text/plain"] for _, bundle in cell.drawn if "One" in bundle["text/plain"]]
    assert len(live) > 1, "also before its end"
    assert live[0] == "[Thinking: 3 characters]\nOne "
    assert "APITimeoutError" in live[-1]
    assert "APITimeoutError" not in live[0]


@pytest.mark.parametrize("how", ["create", "stream"])
def test_an_asynchronous_one_is_drawn_by_a_task(cell: DrawnCell, fault_server: FaultServer, how: str) -> None:
    async def main() -> None:
        async with async_kimi(fault_server.url(Script().event_stream(a_call()))) as client:
            stream = chunks_of(client, how)
            stream = await (stream.__aenter__() if how == "stream" else stream)
            stream._ipython_display_()
            await until(lambda: bool(cell.drawn) and bool(SHOWN.search(cell.drawn[-1][1]["text/plain"])))
            assert SHOWN.search(bundle_of(stream)["text/plain"])

    run(main())
    assert [how for how, _ in cell.drawn].count("display") == 1


# ---- conversations, runs, swarms ------------------------------------------------------------------------------------


def test_a_run_shows_its_steps(fault_server: FaultServer) -> None:
    calls = [call_frame(0, "c1", "add", '{"a": 1, "b": 2}'), call_frame(1, "c2", "add", '{"a": "x", "b": 2}')]
    first = Script().event_stream([frame("Let me add."), *calls, frame(finish_reason="tool_calls", usage=USAGE), DONE])
    url = fault_server.url(first.attempt().event_stream(answer("It is 3.")))

    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    with kimi(url) as client:
        running = client.run("1 + 2?", [add])
        plain = bundle_of(running)["text/plain"].splitlines()
        assert plain[0] == "Let me add."
        assert plain[1].startswith('[add({"a": 1, "b": 2}) → 3')
        assert plain[2].startswith('[add({"a": "x", "b": 2}) ✗ ')
        assert plain[3] == "It is 3."
        assert running.message.text == "It is 3."
        again = bundle_of(running)["text/plain"].splitlines()
        assert again[0] == "Let me add."
        assert again[1] == '[add({"a": 1, "b": 2}) → 3]'


def test_a_conversation_shows_who_said_what(fault_server: FaultServer) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    with kimi(fault_server.url(stream_of("A **dot**."))) as client:
        chat = client.conversation(system="be <b>brief</b>")
        assert chat.stream(["What is <this>?", Image(png)]).message.text == "A **dot**."
        bundle = bundle_of(chat)
    page = bundle.get("text/html", bundle["text/markdown"])
    assert "be &lt;b&gt;brief" in page
    assert "What is &lt;this&gt;?" in page
    assert '<img alt="picture" src="data:image/png;base64,' in page
    assert "1 turn · 22 tokens" in page


def test_a_swarm_shows_who_does_what(simulator: Simulator, cell: DrawnCell) -> None:
    plan = ["What is the capital of France?", "What is the capital of Japan?"]
    with kimi(simulator.base_url, api_key=simulator.api_key) as client:
        client.swarm("Capitals", plan=plan)._ipython_display_()
    assert [how for how, _ in cell.drawn].count("display") == 1, "it is not drawn a second time as its progress"
    plain = cell.drawn[-1][1]["text/plain"]
    assert re.search(r"^worker 2 +done +1 +\d+$", plain, re.M)
    assert "done · 3 steps" in plain


def test_a_swarm_that_is_read_draws_its_table(simulator: Simulator, cell: DrawnCell) -> None:
    with kimi(simulator.base_url, api_key=simulator.api_key) as client:
        assert client.swarm("Capitals", plan=["What is the capital of France?"]).message.text
    assert [how for how, _ in cell.drawn][:2] == ["display", "update"]
    assert "writer" in cell.drawn[-1][1]["text/plain"]


def test_a_bulk_run_shows_its_counts(simulator: Simulator, tmp_path: Any) -> None:
    with kimi(simulator.base_url, api_key=simulator.api_key) as client:
        rows = client.map(["hi"], progress=False)
        assert "total" in bundle_of(rows)["text/plain"], "to look at rows does not take them"
        (row,) = rows
        out = tmp_path / "out.jsonl"
        done = client.map(["hi", "ho"], out=out, progress=False)
        plain = bundle_of(done)["text/plain"]
    assert plain.splitlines()[0].split() == ["total", "done", "failed", "skipped", "changed"]
    assert plain.splitlines()[1].split() == ["2", "2", "0", "0", "0"]
    assert "out.jsonl" in plain
    assert row.message.text in bundle_of(row)["text/plain"]
