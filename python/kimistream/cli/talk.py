"""`kimistream chat` without a question, on a terminal: a conversation, line after line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .asking import Ask, Shown, prompt_of
from .connect import Connection, Target, connect
from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, tell
from .talk_commands import Commands, State
from .talk_output import Writer

if TYPE_CHECKING:
    from collections.abc import Callable


_HINT = "Alt-Enter begins a new line, Ctrl-C stops an answer, Ctrl-D ends; /help lists the commands."
_FINISHES = {
    "length": "the answer was cut at the token limit",
    "content_filter": "the provider's filter ended the answer",
}


def run(target: Target, ask: Ask) -> int:
    be_lenient()
    return guarded(lambda: _talk(target, ask))


def _talk(target: Target, ask: Ask) -> int:
    try:
        from .talk_input import Reader
    except ImportError as error:
        raise CommandError(
            WRONG_USAGE,
            "A chat without a question needs prompt_toolkit: pip install 'kimistream[chat]'.\n"
            'One question needs nothing more: kimistream chat "question"',
        ) from error
    with connect(target) as connection:
        talk = Talk(connection, ask)
        tell(f"{connection.client.provider}: {_HINT}")
        try:
            talk.go_on(Reader(talk.commands.names).read)
        finally:
            connection.client.files.delete_uploads()
    return DONE


class Talk:
    """Questions and commands, until there are no more."""

    def __init__(self, connection: Connection, ask: Ask) -> None:
        self._state = State(connection, connection.client.conversation(**_settings(ask)), ask.shown)
        self.commands = Commands(self._state)

    def go_on(self, read: Callable[[], str]) -> None:
        """Until there is nothing more to read, or a command ends it."""
        while not self.commands.ended:
            try:
                said = read().strip()
            except EOFError:
                return
            except KeyboardInterrupt:
                tell("Ctrl-D or /quit ends the chat")
                continue
            if not said:
                continue
            self._guarded(lambda said=said: self._take(said))  # type: ignore[misc]

    def _take(self, said: str) -> None:
        if not self.commands.take(said):
            self._ask(said)

    def _guarded(self, act: Callable[[], None]) -> None:
        """What goes wrong ends nothing but itself."""
        from kimistream import KimiError

        try:
            act()
        except KeyboardInterrupt:
            kept = self._state.conversation.keep_partial()
            tell("stopped" + ("; what has come stays in the conversation" if kept is not None else ""))
        except KimiError as error:
            tell(explained(error, self._state.connection).message)
        except CommandError as error:
            tell(error.message)
        except OSError as error:
            tell(str(error))

    def _ask(self, question: str) -> None:
        prompt, writer = prompt_of(self._state.connection, question, self._state.shown), Writer()
        notes: list[str] = []
        try:
            with self._state.conversation.stream(prompt, **self._state.options) as stream:
                for event in stream:
                    if event.type == "notice":
                        notes.append(f"note: {event.message}")
                    elif event.type == "finish" and event.reason in _FINISHES:
                        notes.append(_FINISHES[event.reason])
                    else:
                        writer.show(event)
        finally:  # what has come stays, whatever ended it
            writer.end()
            for note in notes:
                tell(note)
        self._state.shown = Shown()  # it stands in the history now


def _settings(ask: Ask) -> dict[str, Any]:
    settings: dict[str, Any] = {"model": ask.model, "system": ask.system, "max_tokens": ask.max_tokens}
    settings["on_break"] = ask.on_break
    settings["thinking"] = None if ask.thinking else False
    return {name: value for name, value in settings.items() if value is not None}
