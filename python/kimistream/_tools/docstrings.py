"""What a docstring says of a function and of its parameters: in Google's, NumPy's or Sphinx's style. Epydoc's
(`@param`) is read by docstring_parser, where that is installed (the extra `kimistream[docstrings]`)."""

from __future__ import annotations

import inspect
import re

_PARAMETERS = r"args|arguments|parameters|params|keyword args|keyword arguments|other parameters|attributes"
_OTHERS = r"returns?|yields?|raises?|warns?|examples?|notes?|see also|references|todo|warnings?|receives"
_GOOGLE = re.compile(rf"(?:(?P<parameters>{_PARAMETERS})|{_OTHERS})\s*:\s*$", re.IGNORECASE)
_NUMPY = re.compile(rf"(?:(?P<parameters>{_PARAMETERS})|{_OTHERS})\s*$", re.IGNORECASE)
_SPHINX = re.compile(
    r":(?P<field>param|parameter|arg|argument|key|keyword|\w+)(?:\s+(?P<words>[^:]*?))?:\s*(?P<text>.*)$"
)
_OF_PARAMETERS = ("param", "parameter", "arg", "argument", "key", "keyword")
_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\((?P<type>.*?)\))?\s*:(?:\s+|$)(?P<text>.*)$")
_EPYDOC = re.compile(r"^@(?:param|arg|keyword|type|return|rtype|raise)\b", re.MULTILINE)
_NAMES = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")


class Docstring:
    """`description` is what stands before the first section; `parameters` are the words for each, by its name."""

    __slots__ = ("description", "parameters")

    def __init__(self, text: str | None) -> None:
        self.parameters: dict[str, str] = {}
        text = inspect.cleandoc(text or "")
        lines = text.split("\n")
        if (epydoc := _EPYDOC.search(text)) is not None:
            self.description = text[: epydoc.start()].strip()
            self._read_epydoc(text)
            return
        before: list[str] = []
        place, seen = 0, False
        while place < len(lines):
            line = lines[place]
            underlined = place + 1 < len(lines) and re.fullmatch(r"-{3,}\s*", lines[place + 1])
            if not line.startswith((" ", "\t")):
                if underlined and (match := _NUMPY.match(line)):
                    seen, end = True, _end_of_numpy(lines, place + 2)
                    if match["parameters"]:
                        self._read_numpy(lines[place + 2 : end])
                    place = end
                    continue
                if match := _GOOGLE.match(line):
                    seen, end = True, _end_of_indented(lines, place + 1)
                    if match["parameters"]:
                        self._read_google(lines[place + 1 : end])
                    place = end
                    continue
                if match := _SPHINX.match(line):
                    seen, end = True, _end_of_field(lines, place + 1)
                    if match["field"] in _OF_PARAMETERS and match["words"]:
                        self._add(match["words"].split()[-1], [match["text"], *lines[place + 1 : end]])
                    place = end
                    continue
            if not seen:
                before.append(line)
            place += 1
        self.description = "\n".join(before).strip()

    def _add(self, name: str, lines: list[str]) -> None:
        text = " ".join(" ".join(lines).split())
        if text and name:
            self.parameters[name.lstrip("*")] = text

    def _read_epydoc(self, text: str) -> None:
        try:
            from docstring_parser import DocstringStyle, parse
            from docstring_parser.common import ParseError
        except ImportError:
            return
        try:
            found = parse(text, DocstringStyle.EPYDOC).params
        except ParseError:
            return
        for each in found:
            self._add(each.arg_name, [each.description or ""])

    def _read_google(self, lines: list[str]) -> None:
        deep = min((_depth(line) for line in lines if line.strip()), default=0)
        name = ""
        kept: list[str] = []
        for line in lines:
            match = _ENTRY.match(line.strip()) if line.strip() and _depth(line) == deep else None
            if match:
                self._add(name, kept)
                name, kept = match["name"], [match["text"]]
            else:
                kept.append(line)
        self._add(name, kept)

    def _read_numpy(self, lines: list[str]) -> None:
        names: list[str] = []
        kept: list[str] = []
        for line in [*lines, "end"]:
            if line.strip() and not line.startswith((" ", "\t")):
                for name in names:
                    self._add(name, kept)
                match = _NAMES.match(line)
                names, kept = ([name.strip() for name in match["names"].split(",")] if match else []), []
            else:
                kept.append(line)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end_of_indented(lines: list[str], place: int) -> int:
    while place < len(lines) and (not lines[place].strip() or lines[place].startswith((" ", "\t"))):
        place += 1
    return place


def _end_of_field(lines: list[str], place: int) -> int:
    end = _end_of_indented(lines, place)
    while end > place and not lines[end - 1].strip():
        end -= 1
    return end


def _end_of_numpy(lines: list[str], place: int) -> int:
    while place < len(lines) and not (place + 1 < len(lines) and re.fullmatch(r"-{3,}\s*", lines[place + 1])):
        place += 1
    return place
