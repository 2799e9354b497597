"""Of the site: docstrings whose words stand in columns ("name      what it is") become lists, which Markdown knows."""

from __future__ import annotations

import inspect
import re
from typing import Any

import griffe

_ENTRY = re.compile(r"^(?P<name>\S[^\n]*?) {2,}(?P<said>\S.*)$")


def as_list(text: str) -> str:
    """The text with each run of such lines as a list; lines that stand below an entry's words belong to it."""
    made: list[str] = []
    column = 0  # where the words of the entry above begin; 0 outside of a list
    for line in inspect.cleandoc(text).split("\n"):
        entry = _ENTRY.match(line)
        if entry:
            if not column and made and made[-1]:
                made.append("")
            column = entry.start("said")
            made.append(f"- {_names(entry['name'])}: {entry['said']}")
        elif column and line.startswith(" " * column):
            made.append(f"  {line.strip()}")
        else:
            if column and line and not line.startswith(" "):
                column = 0
                if made[-1]:
                    made.append("")
            made.append(line)
    return "\n".join(made)


def _names(names: str) -> str:
    return ", ".join(f"`{name}`" for name in re.split(r",\s*", names))


_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}


def _method(name: str, door: Any) -> griffe.Function:
    """A door of a client (`_clients/doors.py`), which griffe takes for an attribute, as the method that it is."""
    given = [
        griffe.Parameter(
            each.name,
            kind=_KINDS[each.kind],
            default=None if each.default is each.empty else repr(each.default),
        )
        for each in inspect.signature(door).parameters.values()
    ]
    return griffe.Function(
        name,
        parameters=griffe.Parameters(*given),
        docstring=griffe.Docstring(as_list(door.__doc__ or "")),
    )


class Columns(griffe.Extension):
    def on_attribute_instance(self, *, node: Any, attr: griffe.Attribute, **_: Any) -> None:
        if attr.parent is not None and type(getattr(node, "obj", None)).__name__ == "Face":
            door = inspect.getattr_static(node.parent.obj, attr.name)
            attr.parent.set_member(attr.name, _method(attr.name, door))

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_list(obj.docstring.value)
