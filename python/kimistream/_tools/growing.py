"""JSON that is still arriving, as an object that grows in place. Each character is looked at once."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_OPENING = re.compile(r"[{\[]")
_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\]*')
_SCALAR = re.compile(r"[-+.\w]*")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<real>\.\d+)?(?P<power>[eE][-+]?\d+)?", re.ASCII)
_MOST_DEEP = 200

# What may come next.
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _COMMA_OR_END, _STRING, _SCALAR_TEXT = range(8)


class NotJsonError(ValueError):
    """What came cannot go on as JSON. `place`: where in the last piece."""

    def __init__(self, place: int) -> None:
        super().__init__("this is no JSON")
        self.place = place


class GrowingJson:
    """One object or list. `feed` takes the next piece and says how far it was used; `value` is what there is of it.

    Strings grow; numbers, true, false and null are there when they are complete, keys with their values. An escape is
    never taken by halves, nor is a character that is written as two of them.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.begun = self.complete = False
        self._open: list[Any] = []  # objects and lists that have not ended, the innermost last
        self._keys: list[str] = []  # of each of them, where its next value goes; "" in a list
        self._next = _VALUE
        self._held: list[str] = []  # of a key, a number or a word, until it is complete
        self._is_key = False
        self._escape = ""  # what has come of one, from its backslash on

    def feed(self, piece: str, place: int = 0) -> int:
        """Takes a piece from `place` on. Raises NotJsonError where it goes another way."""
        end = len(piece)
        while place < end and not self.complete:
            if self._next == _STRING:
                place = self._string(piece, place)
            elif self._next == _SCALAR_TEXT:
                place = self._scalar(piece, place)
            else:
                place = _BLANK.match(piece, place).end()  # type: ignore[union-attr]
                if place < end:
                    place = self._structure(piece, place)
        return place

    # ---- what stands between values ----

    def _structure(self, piece: str, place: int) -> int:
        sign, expected = piece[place], self._next
        if expected == _COLON:
            self._must(sign == ":", place)
            self._next = _VALUE
        elif expected == _COMMA_OR_END and sign == ",":
            self._next = _KEY if isinstance(self._open[-1], dict) else _VALUE
        elif sign in "]}" and expected in (_COMMA_OR_END, _KEY_OR_END, _VALUE_OR_END):
            self._must((sign == "}") == isinstance(self._open[-1], dict), place)
            self._close()
        elif expected in (_KEY, _KEY_OR_END):
            self._must(sign == '"', place)
            self._next, self._is_key = _STRING, True
        else:
            self._must(expected in (_VALUE, _VALUE_OR_END), place)
            return self._begin(piece, place)
        return place + 1

    def _begin(self, piece: str, place: int) -> int:
        sign = piece[place]
        if sign in "{[":
            self._must(len(self._open) < _MOST_DEEP, place)
            made: Any = {} if sign == "{" else []
            self._put(made)
            self._open.append(made)
            self._keys.append("")
            self._next = _KEY_OR_END if sign == "{" else _VALUE_OR_END
            return place + 1
        self._must(bool(self._open), place)
        if sign == '"':
            self._put("")
            self._next, self._is_key = _STRING, False
            return place + 1
        self._must(sign in "-tfn" or sign.isdigit(), place)
        self._next = _SCALAR_TEXT
        return place

    def _put(self, value: Any) -> None:
        if not self._open:
            self.value, self.begun = value, True
        elif isinstance(self._open[-1], dict):
            self._open[-1][self._keys[-1]] = value
        else:
            self._open[-1].append(value)

    def _close(self) -> None:
        self._open.pop()
        self._keys.pop()
        self._next = _COMMA_OR_END
        self.complete = not self._open

    def _must(self, holds: bool, place: int) -> None:
        if not holds:
            raise NotJsonError(place)

    # ---- strings ----

    def _string(self, piece: str, place: int) -> int:
        if self._escape:
            return self._go_on_with_escape(piece, place)
        end = _PLAIN.match(piece, place).end()  # type: ignore[union-attr]
        if end > place:
            self._say(piece[place:end])
        if end == len(piece):
            return end
        if piece[end] == "\\":
            self._escape = "\\"
        elif self._is_key:
            self._keys[-1], self._held = "".join(self._held), []
            self._next = _COLON
        else:
            self._next = _COMMA_OR_END
        return end + 1

    def _say(self, text: str) -> None:
        if self._is_key:
            self._held.append(text)
            return
        # Taken out of its place first: a text that nobody else holds grows where it is, and is not copied.
        innermost: Any = self._open[-1]
        where: Any = self._keys[-1] if isinstance(innermost, dict) else -1
        grown = innermost[where]
        innermost[where] = None
        grown += text
        innermost[where] = grown

    def _go_on_with_escape(self, piece: str, place: int) -> int:
        """One character at a time: an escape is at most twelve."""
        said, sign = self._escape, piece[place]
        if len(said) == 1 and sign != "u":
            self._must(sign in _ESCAPES, place)
            self._escape = ""
            self._say(_ESCAPES[sign])
            return place + 1
        if len(said) in (6, 7) and sign != "\\u"[len(said) - 6]:  # half of a character, and its other half is not there
            self._escape = said[6:]
            self._say("\ufffd")
            return place
        self._must(len(said) in (1, 6, 7) or sign in "0123456789abcdefABCDEF", place)
        self._escape = said = said + sign
        if len(said) == 6:
            unit = int(said[2:], 16)
            if not 0xD800 <= unit < 0xDC00:
                self._escape = ""
                self._say("\ufffd" if 0xDC00 <= unit < 0xE000 else chr(unit))
        elif len(said) == 12:
            high, low = int(said[2:6], 16), int(said[8:], 16)
            if 0xDC00 <= low < 0xE000:
                self._escape = ""
                self._say(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
            else:
                self._escape = ""
                self._say("\ufffd")
                for each in said[6:]:
                    self._string_of_escape(each)
        return place + 1

    def _string_of_escape(self, sign: str) -> None:
        if self._escape:
            self._go_on_with_escape(sign, 0)
        else:
            self._escape = sign

    # ---- numbers and words ----

    def _scalar(self, piece: str, place: int) -> int:
        end = _SCALAR.match(piece, place).end()  # type: ignore[union-attr]
        self._held.append(piece[place:end])
        if end < len(piece):
            text, self._held = "".join(self._held), []
            self._put(_scalar_of(text, end))
            self._next = _COMMA_OR_END
        return end


def _scalar_of(text: str, place: int) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotJsonError(place)
    try:
        return float(text) if match["real"] or match["power"] else int(text)
    except ValueError:  # more digits than Python reads
        raise NotJsonError(place) from None


class GrowingAnswer:
    """The JSON in an answer that is still arriving: words and fences before it, and what is thought aloud, are none.

    fits  whether a complete value is the one that was asked for; where it is not the next one may be
    """

    _THINKS, _THOUGHT = "<think>", "</think>"

    def __init__(self, fits: Callable[[Any], bool]) -> None:
        self._fits = fits
        self._json = GrowingJson()
        self._over = False
        self._lead: str | None = ""  # the answer's beginning, until it is known whether it is a thought
        self._thought: str | None = None  # the end of the thought so far

    @property
    def value(self) -> Any:
        return self._json.value

    def feed(self, piece: str) -> bool:
        """Takes the next piece of the answer, and says whether there is an object that it may have changed."""
        piece = self._behind_thoughts(piece)
        if self._over or not piece:
            return False
        place = 0
        while place < len(piece):
            if self._json.complete or not self._json.begun:
                opening = _OPENING.search(piece, place)
                if opening is None:
                    return False
                self._json, place = GrowingJson(), opening.start()
            try:
                place = self._json.feed(piece, place)
            except NotJsonError as wrong:  # the answer may begin behind it
                self._json, place = GrowingJson(), wrong.place
                continue
            if self._json.complete and self._fits(self._json.value):
                self._over = True
                return True
        return self._json.begun

    def _behind_thoughts(self, piece: str) -> str:
        if self._thought is not None:
            piece = self._thought + piece
            _, ended, rest = piece.partition(self._THOUGHT)
            self._thought = None if ended else piece[1 - len(self._THOUGHT) :]
            return rest
        if self._lead is None:
            return piece
        self._lead += piece
        said = self._lead.lstrip()
        if said.startswith(self._THINKS):
            self._lead, self._thought = None, ""
            return self._behind_thoughts(said[len(self._THINKS) :])
        if self._THINKS.startswith(said):
            return ""
        said, self._lead = self._lead, None
        return said
