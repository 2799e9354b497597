"""Our objects pass for openai's where somebody else has imported openai. Nothing is imported here.

`isinstance` asks an object for its `__class__` where its type is no answer, and that is answered when it is asked: so
it does not matter who was imported first, and what nobody asks about costs nothing. An `except` asks the type alone:
our errors inherit from openai's as soon as one of them is made after openai has been imported.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Passes:
    """Something that passes for what `like` names: "module.Name", or several that openai has called it."""

    __slots__ = ()
    _like: tuple[str, ...] = ()

    def __init_subclass__(cls, like: str | tuple[str, ...] = ()) -> None:
        if like:
            cls._like = (like,) if isinstance(like, str) else like

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return counterpart(type(self))


def counterpart(kind: Any) -> type:
    """What objects of this class pass for: openai's class, where it has been imported, else the class itself."""
    for path in kind._like:
        module, _, name = path.rpartition(".")
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type):
            return found
    return kind  # type: ignore[no-any-return]


class OtherName(str):
    """A text that has been read under another name. It reads the same, and is not true: who looks under each name, as
    in `if delta.reasoning: ...`, is told once. Only where openai has been imported; else both names are plain texts."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def told_once(instance: Any, name: str, text: str) -> str:
    """The text for who looks for it under this name. `instance._asked_for` keeps the name that was the first."""
    if "openai" not in sys.modules:
        return text
    first = getattr(instance, "_asked_for", None)
    if first is None:
        instance._asked_for = first = name
    return text if first == name else OtherName(text)


_joined: list[Any] = [None]  # the module whose errors ours inherit from


def join(root: Any) -> None:
    """Lets the heirs of our errors' root inherit from those of openai that have their names, where it has been imported
    since the last look; the root's own children from openai's root, at least. (The root stays as it is: Python can
    give a class more bases behind its first one, but no other first one.)"""
    module = sys.modules.get("openai")
    if module is not _joined[0]:
        _joined[0] = module
        _join(root, module, getattr(module, "OpenAIError", None))


def _join(kind: Any, module: Any, otherwise: Any) -> None:
    for heir in kind.__subclasses__():
        if not heir.__module__.startswith("kimistream."):
            continue
        own = tuple(base for base in heir.__bases__ if not base.__module__.startswith("openai"))
        theirs = getattr(module, heir.__name__, otherwise)
        is_another = isinstance(theirs, type) and theirs.__module__.startswith("openai")
        bases = (*own, theirs) if is_another else own
        if bases != heir.__bases__:
            heir.__bases__ = bases
        _join(heir, module, None)
