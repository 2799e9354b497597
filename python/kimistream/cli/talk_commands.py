"""The commands of a chat: lines that begin with a slash."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from .ending import WRONG_USAGE, CommandError
from .output import harmless, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from kimistream import Conversation

    from .asking import Shown
    from .connect import Connection


class State:
    """Where a chat stands. `shown`: goes with the next question. `options`: of each turn, as commands have set them."""

    def __init__(self, connection: Connection, conversation: Conversation, shown: Shown) -> None:
        self.connection = connection
        self.conversation = conversation
        self.shown = shown
        self.options: dict[str, Any] = {}
        self.tools: list[Any] = []


class Commands:
    """What can be done beside asking. `ended`: one of them has ended the chat."""

    def __init__(self, state: State) -> None:
        self._chat = state
        self.ended = False
        self._table: dict[str, tuple[Callable[[list[str]], None], str]] = {
            "/help": (self._help, "lists the commands"),
            "/image": (self._image, "PATH ...: shows pictures with the next question"),
            "/video": (self._video, "PATH ...: shows videos with the next question"),
            "/file": (self._file, "PATH ...: has the text of documents read before the next question"),
            "/tools": (self._tools, "lists the tools; FILE.py takes the functions of that file, `off` none"),
            "/thinking": (self._thinking, "on or off"),
            "/undo": (self._undo, "takes back the last question and its answer; a number: so many"),
            "/save": (self._save, "PATH: writes the conversation into a file"),
            "/load": (self._load, "PATH: goes on with a conversation that was saved"),
            "/cost": (self._cost, "tokens so far, and what they cost where it is known"),
            "/quit": (self._quit, "ends the chat"),
        }
        self.names = list(self._table)

    def take(self, said: str) -> bool:
        """Whether it was a command. A path at the beginning of a question is none."""
        if not said.startswith("/") or "\n" in said:
            return False
        name, _, rest = said.partition(" ")
        if name not in self._table:
            if "/" in name[1:]:
                return False
            raise CommandError(WRONG_USAGE, f"There is no command {name}; /help lists those that there are.")
        try:
            words = shlex.split(rest)
        except ValueError as error:
            raise CommandError(WRONG_USAGE, f"{name}: {error}") from error
        self._table[name][0](words)
        return True

    def _help(self, words: list[str]) -> None:
        for name, (_, meaning) in self._table.items():
            tell(f"{name:<10} {meaning}")

    def _image(self, words: list[str]) -> None:
        from kimistream import Image

        self._checked("/image", words, Image)
        self._chat.shown.images.extend(words)

    def _video(self, words: list[str]) -> None:
        from kimistream import Video

        self._checked("/video", words, Video)
        self._chat.shown.videos.extend(words)

    def _file(self, words: list[str]) -> None:
        self._checked("/file", words, open)
        self._chat.shown.files.extend(words)

    def _checked(self, name: str, words: list[str], opened: Callable[[str], Any]) -> None:
        """What is wrong with a path is said now, not with the question."""
        if not words:
            raise CommandError(WRONG_USAGE, f"{name} PATH ...")
        for path in words:
            made = opened(path)
            if hasattr(made, "close"):
                made.close()
        tell("with the next question: " + ", ".join(words))

    def _tools(self, words: list[str]) -> None:
        chat = self._chat
        if words == ["off"]:
            chat.tools = []
        elif words:
            chat.tools = _functions_of(words[0])
        if words:
            chat.options["tools"] = chat.tools
        for tool in chat.tools:
            tell(f"{tool.name}: {(tool.schema['function'].get('description') or '').partition(chr(10))[0]}")
        if not chat.tools:
            tell("no tools; /tools FILE.py takes the functions of that file")

    def _thinking(self, words: list[str]) -> None:
        if words not in (["on"], ["off"]):
            raise CommandError(WRONG_USAGE, "/thinking on, or /thinking off")
        self._chat.options["thinking"] = words == ["on"]

    def _undo(self, words: list[str]) -> None:
        turns = int(words[0]) if words and words[0].isdigit() else 1
        before = len(self._chat.conversation.messages)
        self._chat.conversation.undo(turns)
        if before == len(self._chat.conversation.messages):
            tell("there is nothing to take back")

    def _save(self, words: list[str]) -> None:
        path = _one(words, "/save PATH")
        self._chat.conversation.save(path)
        tell(f"saved: {harmless(path)}")

    def _load(self, words: list[str]) -> None:
        path = _one(words, "/load PATH")
        self._chat.conversation = self._chat.connection.client.load_conversation(path)
        tell(f"{len(self._chat.conversation.messages)} messages")

    def _cost(self, words: list[str]) -> None:
        usage = self._chat.conversation.usage
        if usage is None:
            tell("nothing was asked yet")
            return
        cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
        told = f"{usage.prompt_tokens or 0:,} tokens in{cached}, {usage.completion_tokens or 0:,} out"
        tell(told if usage.cost is None else f"{told}; {usage.cost:.4f} {self._chat.connection.client._core.currency}")

    def _quit(self, words: list[str]) -> None:
        self.ended = True


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise CommandError(WRONG_USAGE, usage)
    return words[0]


def _functions_of(path: str) -> list[Any]:
    """The public functions that a file defines. It is run for that: it is its owner's who names it."""
    import inspect
    import runpy

    from kimistream import Tool

    try:
        names = runpy.run_path(path, run_name="kimistream_tools")
    except OSError:
        raise
    except Exception as error:
        raise CommandError(WRONG_USAGE, f"{path}: {type(error).__name__}: {error}") from error
    found = [
        value
        for name, value in names.items()
        if not name.startswith("_") and inspect.isfunction(value) and value.__module__ == "kimistream_tools"
    ]
    if not found:
        raise CommandError(WRONG_USAGE, f"{path}: it defines no functions")
    return [Tool(each) for each in found]
