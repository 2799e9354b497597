"""Code in colours that can be read on light and on dark ground. With pygments, which every notebook has."""

from __future__ import annotations

import functools
import html

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 50_000  # characters; longer code stays as it is
_COLOURS = {
    "Comment": "italic #7a7f87",
    "Keyword": "#a25ed6",
    "Literal.Number": "#b5791a",
    "Literal.String": "#3f9142",
    "Name.Builtin": "#2f86c9",
    "Name.Class": "#2f86c9",
    "Name.Decorator": "#b5791a",
    "Name.Function": "#2f86c9",
    "Name.Tag": "#a25ed6",
    "Operator.Word": "#a25ed6",
}
_BOX = "overflow-x: auto; padding: 0.6em 0.8em; border-radius: 4px; background: rgba(127, 127, 127, 0.12)"

_BARE = "padding: 0; background: none"  # notebooks give code a ground of its own


@functools.lru_cache(maxsize=256)
def block(text: str, language: str = "") -> str:
    """A block of code as HTML."""
    return f'<pre style="{_BOX}"><code style="{_BARE}">{_coloured(text, language)}</code></pre>'


def _coloured(text: str, language: str) -> str:
    plain = html.escape(text)
    if not language or len(text) > _MOST:
        return plain
    try:
        import pygments
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound
    except ImportError:
        return plain
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return plain
    return str(pygments.highlight(text, lexer, _formatter())).rstrip("\n")


@functools.cache
def _formatter() -> Any:
    from pygments.formatters import HtmlFormatter
    from pygments.style import Style
    from pygments.token import string_to_tokentype

    styles = {string_to_tokentype(name): colour for name, colour in _COLOURS.items()}
    style = type("Both", (Style,), {"styles": styles})
    return HtmlFormatter(noclasses=True, nowrap=True, style=style)
