"""`kimistream chat` without a question: a conversation on a terminal, typed into a real one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from agents_kit import call, calling, saying, script_of
from fault_server_client import FaultServer, Script, frame
from kit import KEY, sent, stalled
from terminal_kit import CTRL_C, Terminal, posix_only

pytest.importorskip("prompt_toolkit")
pytest.importorskip("typer")

from kimistream.cli.talk_output import Writer

pytestmark = posix_only
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
CTRL_D = b"\x04"
ALT_ENTER = b"\x1b\r"


class Chat(Terminal):
    """A chat that is asked at that address, at its first prompt."""

    def __init__(self, url: str, *options: str) -> None:
        super().__init__("-m", "kimistream.cli", "chat", "--base-url", url, "--provider", "moonshot", *options)
        self.shows("/help")
        self.prompts()

    def prompts(self) -> str:
        before = self.shows("> ")
        self.waits()
        return before

    def ask(self, line: str) -> str:
        """Types a line, and gives what is shown until the next prompt."""
        os.write(self._ours, line.encode() + b"\r")
        return self.prompts()


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def asked(server: FaultServer, url: str, attempt: int = -1) -> list[Any]:
    return [(each["role"], each.get("content")) for each in sent(server, url, attempt)["messages"]]


def test_a_chat_remembers_and_takes_back(fault_server: FaultServer) -> None:
    url = fault_server.url(script_of(saying("One."), saying("Two."), saying("Three.")))
    with Chat(url, "--system", "Be brief.") as chat:
        assert "One." in chat.ask("First?")
        assert "Two." in chat.ask("Second?")
        chat.ask("/undo")
        assert "Three." in chat.ask("Third?")
        assert asked(fault_server, url) == [
            ("system", "Be brief."),
            ("user", "First?"),
            ("assistant", "One."),
            ("user", "Third?"),
        ]
        assert "36 tokens in, 30 out" in chat.ask("/cost")
        chat.ask("/save talk.json")
        chat.ask("/undo 9")
        assert "nothing to take back" in chat.ask("/undo")
        assert "There is no command /nonsense" in chat.ask("/nonsense")
        chat.ask("/load talk.json")
        assert "Three." in chat.ask("Fourth?")
        assert len(asked(fault_server, url)) == 6
        chat.press(CTRL_D)
        assert chat._process.wait(60) == 0
    assert KEY not in Path("talk.json").read_text()


def test_several_lines_are_one_question(fault_server: FaultServer) -> None:
    url = fault_server.url(script_of(saying("One.")))
    with Chat(url) as chat:
        chat.press(b"First" + ALT_ENTER + b"second")
        chat.ask("")
        assert asked(fault_server, url) == [("user", "First\nsecond")]
        history = Path("kimistream/chat-history")
        assert "+First\n+second" in history.read_text()
        assert history.stat().st_mode & 0o077 == 0, "for nobody else's eyes"


def test_ctrl_c_stops_the_answer_and_not_the_chat(fault_server: FaultServer) -> None:
    script = stalled(frame("", role="assistant"), frame("It begins"))
    script.attempt().event_stream(saying("Yes."))
    url = fault_server.url(script)
    with Chat(url) as chat:
        os.write(chat._ours, b"Long?\r")
        chat.shows("It begins")
        chat.waits()
        chat.press(CTRL_C)
        assert "what has come stays" in chat.prompts()
        chat.press(b"half a li")
        chat.waits()
        chat.press(CTRL_C)
        chat.shows("/quit ends the chat")
        chat.prompts()
        assert "Yes." in chat.ask("And?")
        assert asked(fault_server, url) == [("user", "Long?"), ("assistant", "It begins"), ("user", "And?")]
        os.write(chat._ours, b"/quit\r")
        assert chat._process.wait(60) == 0


def test_what_goes_wrong_ends_nothing_but_itself(fault_server: FaultServer) -> None:
    script = Script().json(400, {"error": {"message": "not so", "type": "invalid_request_error"}})
    script.attempt().event_stream(saying("Yes."))
    url = fault_server.url(script)
    with Chat(url) as chat:
        assert "not so" in chat.ask("Well?")
        assert "missing.png" in chat.ask("/image missing.png")
        assert "Yes." in chat.ask("And now?")
        assert asked(fault_server, url) == [("user", "And now?")]


def test_a_picture_goes_with_the_next_question(fault_server: FaultServer) -> None:
    Path("a b.png").write_bytes(PIXEL)
    url = fault_server.url(script_of(saying("Red.")))
    with Chat(url) as chat:
        chat.ask('/image "a b.png"')
        chat.ask("Which colour?")
        [(_, parts)] = asked(fault_server, url)
        assert [part["type"] for part in parts] == ["text", "image_url"]
        chat.ask("/etc/hosts is what?")
        assert asked(fault_server, url)[-1] == ("user", "/etc/hosts is what?"), "a path is no command, and no picture"


def test_tools_of_a_file_are_called(fault_server: FaultServer) -> None:
    Path("mine.py").write_text(
        'from json import dumps\n\ndef add(a: int, b: int) -> int:\n    """Adds."""\n    return a + b\n'
    )
    url = fault_server.url(script_of(calling(call("add", {"a": 2, "b": 3})), saying("Five.")))
    with Chat(url) as chat:
        assert "no tools" in chat.ask("/tools")
        assert "add: Adds." in chat.ask("/tools mine.py")
        shown = chat.ask("2 + 3?")
        assert 'add({"a": 2, "b": 3})' in shown
        assert "add: 5" in shown
        assert "Five." in shown
        assert [role for role, _ in asked(fault_server, url)] == ["user", "assistant", "tool"]
        chat.ask("/tools off")
        chat.ask("Well?")
        assert not sent(fault_server, url).get("tools")


def drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *texts: str) -> list[str]:
    """What is on the screen after each of these."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    writer, shown = Writer(), []
    for text in texts:
        writer.show(type("Text", (), {"type": "text", "text": text}))
        shown.append(capsys.readouterr().out)
    writer.end()
    return [*shown, capsys.readouterr().out]


def test_markdown_is_drawn_block_by_block(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = drawn(monkeypatch, capsys, "# Tit", "le\n\nSome **bold**", " text\n\n```python\nx = 1\n\n", "y\n```\nend")
    assert "**" not in "".join(shown)
    assert shown[0] == ""
    assert "Title" in shown[1]
    assert "bold" not in shown[1]
    assert "Some bold text" in re.sub(r"\x1b\[[0-9;]*m", "", shown[2])
    assert "x = 1" not in shown[2], "a fence is one block, blank lines and all"
    assert "x = 1" in re.sub(r"\x1b\[[0-9;]*m", "", shown[3])
    assert "end" in shown[4]


def test_nothing_that_a_model_says_commands_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = "".join(drawn(monkeypatch, capsys, "\x1b]0;title\x07 [good](http://bad.example/)\n\n"))
    assert "\x1b]" not in shown
    assert "http://bad.example/" in shown, "where a link leads is to be seen"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "prompt_toolkit.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Terminal("-m", "kimistream.cli", "chat", "--simulate") as terminal:
        assert "prompt_toolkit" in terminal.shows("kimistream[chat]")
        assert terminal._process.wait(60) == 2
