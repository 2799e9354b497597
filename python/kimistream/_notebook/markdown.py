"""What a model says, which is Markdown at best and hostile at worst, made fit for a page that others' scripts run on.

No HTML of its own, no script, no picture that is fetched from somewhere: those show as what they are, text and links.
"""

from __future__ import annotations

import functools
import html
import re

from .code import block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_MATH = re.compile(
    r"\$\$(?P<shown>[^$]+)\$\$|\\\[(?P<bracketed>(?:[^\\]|\\[^\[])+?)\\\]|\\\((?P<parenthesis>(?:[^\\]|\\[^(])+?)\\\)"
    r"|\$(?P<dollar>(?![\s$])[^$\n]*[^\s$\\])\$(?!\d)",
    re.S,
)
_SCHEME = re.compile(r"\b(javascript|vbscript|data|file|blob|feed|view-source)(\\?:)", re.I)
_KNOWN_SCHEME = re.compile(r"(?:https?|mailto):|[^:]*(?:[/?#]|$)", re.I)  # or none
_NOT_MATH = re.compile(r"\\(?:href|url|require|html\w*|class|cssId|style|data|unicode|includegraphics)\b", re.I)


def html_of(text: str) -> str | None:
    """As HTML. None without markdown-it-py (`kimistream[notebook]`): then the notebook renders `harmless(text)`."""
    renderer = _renderer()
    return None if renderer is None else str(renderer.render(text))


def harmless(text: str) -> str:
    """As Markdown in which nothing of the model's is HTML, whatever reads it: no `<` and no `&` is left."""
    done, parts = 0, []
    for found in _FENCED.finditer(text):
        parts += [_harmless_spans(text[done : found.start()]), one_line(block(found[3], found[2])), "\n"]
        done = found.end()
    return "".join([*parts, _harmless_spans(text[done:])])


def end_of(text: str, most: int) -> str:
    """About so many of its last characters, from a paragraph on; all of it where it has none there."""
    begin = len(text) - most
    if begin <= 0:
        return text
    fences = [found.span() for found in _FENCED.finditer(text)]
    while (begin := text.find("\n\n", begin)) >= 0:
        around = next((end for start, end in fences if start <= begin < end - 1), None)
        if around is None:
            return text[begin + 2 :]
        begin = around - 1
    return text


def one_line(markup: str) -> str:
    """HTML that Markdown takes for one block, whatever it holds, and in which it finds no link and no formula."""
    for sign in "\n[`$":
        markup = markup.replace(sign, f"&#{ord(sign)};")
    return markup


def _harmless_spans(text: str) -> str:
    done, parts = 0, []
    for found in _SPAN.finditer(text):
        code = re.sub(r"[^\w\s]", lambda each: f"&#{ord(each[0])};", found[2])
        parts += [_harmless_words(text[done : found.start()]), f"<code>{code}</code>"]
        done = found.end()
    return "".join([*parts, _harmless_words(text[done:])])


def _harmless_words(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("![", "&#33;[")
    text = _NOT_MATH.sub(lambda found: f"\\&#8203;{found[0][1:]}", text)
    return _SCHEME.sub(r"\1&#8203;\2", text)  # what is no scheme any more is no link that does something


@functools.cache
def _renderer() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    options = {"html": False, "highlight": lambda code, language, _: block(code, language)}
    renderer: Any = MarkdownIt("commonmark", options)
    renderer.enable(["table", "strikethrough"]).disable("image")
    renderer.inline.ruler.before("escape", "math", _math)
    renderer.add_render_rule("link_open", _link)
    renderer.add_render_rule("text", _text)
    renderer.validateLink = lambda address: _KNOWN_SCHEME.match(address) is not None
    return renderer


def _math(state: Any, silent: bool) -> bool:
    """Formulas stay as they are, for notebooks that set them. Those that would do something else are code."""
    if state.src[state.pos] not in "$\\" or not (found := _MATH.match(state.src, state.pos)):
        return False
    if not silent:
        formula = next(each for each in found.groups() if each is not None)
        token = state.push("code_inline" if _NOT_MATH.search(formula) else "text", "", 0)
        token.content = found[0]
    state.pos = found.end()
    return True


def _text(renderer: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    """What a formula must not say is none, however it is written: those who set formulas look for it in the page."""
    said = html.escape(tokens[place].content, quote=True)
    return _NOT_MATH.sub(lambda found: f"\\\u200b{found[0][1:]}", said)


def _link(renderer: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    tokens[place].attrSet("target", "_blank")
    tokens[place].attrSet("rel", "noopener noreferrer")
    return str(renderer.renderToken(tokens, place, options, env))
