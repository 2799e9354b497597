"""A question as the command line says it, and what comes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .connect import Connection


@dataclass(frozen=True)
class Shown:
    """What comes with the question: paths (or addresses) of pictures and videos, paths of documents."""

    images: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ask:
    """The question in the words of the command line, and how to ask it. None leaves a setting to the client."""

    words: list[str]
    thinking: bool
    model: str | None
    system: str | None
    max_tokens: int | None
    on_break: str | None = None
    shown: Shown = field(default_factory=Shown)


def prompt_of(connection: Connection, question: str, shown: Shown) -> Any:
    if not (shown.images or shown.videos or shown.files):
        return question
    from kimistream import Image, Video
    from kimistream.progress import Bar

    media = [*(Image(path, send="auto") for path in shown.images), *(Video(path, send="auto") for path in shown.videos)]
    messages: list[Any] = []
    if shown.files:
        with Bar() as bar:
            messages += connection.client.extract(*shown.files, delete=True, on_progress=bar)
    if media:
        return [*messages, {"role": "user", "content": [question, *media]}]
    return [*messages, {"role": "user", "content": question}]
