"""Quirks of the line: how events become bytes, and how the bytes are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..values.frame import Sent

Writing = Callable[[Iterator[Sent]], Iterator[Sent]]


def each(change: Callable[[bytes], bytes]) -> Writing:
    def stage(events: Iterator[Sent]) -> Iterator[Sent]:
        for sent in events:
            yield sent._replace(data=change(sent.data))

    return stage


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def cr(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r")


def no_blank_line(data: bytes) -> bytes:
    return data[:-1] if data.endswith(b"\n\n") else data


def no_space(data: bytes) -> bytes:
    return re.sub(rb"(?m)^(data|event): ", rb"\1:", data)


def other_fields(data: bytes) -> bytes:
    """Lines that an event stream may have and a chat never needs."""
    return data if data.startswith(b":") else b"id: 7\nretry: 3000\nx-odd: 1\n" + data


def bom(events: Iterator[Sent]) -> Iterator[Sent]:
    mark = b"\xef\xbb\xbf"
    for sent in events:
        yield sent._replace(data=mark + sent.data)
        mark = b""


def no_last_blank_line(events: Iterator[Sent]) -> Iterator[Sent]:
    """The stream ends right behind the last event's data."""
    held: Sent | None = None
    for sent in events:
        if held is not None:
            yield held
        held = sent
    if held is not None:
        yield held._replace(data=held.data.rstrip(b"\r\n"))


def byte_by_byte(events: Iterator[Sent]) -> Iterator[Sent]:
    for data, tokens, counts in events:
        for position in range(len(data)):
            last = position == len(data) - 1
            yield Sent(data[position : position + 1], tokens if last else 0, counts and last)


def one_write(events: Iterator[Sent]) -> Iterator[Sent]:
    gathered = list(events)
    yield Sent(b"".join(sent.data for sent in gathered), sum(sent.tokens for sent in gathered))
