"""A page of a notebook's output: put together part by part, given as HTML, Markdown and text."""

from __future__ import annotations

from html import escape

from .markdown import harmless, html_of, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_QUIET = "opacity: 0.7; font-size: 90%"
_WRAPPED = "white-space: pre-wrap; overflow-wrap: anywhere"
_ASIDE = "margin: 0.3em 0 0.6em 0.4em; padding-left: 0.8em; border-left: 3px solid rgba(127, 127, 127, 0.4)"
_WRONG = "padding: 0.4em 0.8em; border-left: 3px solid #d9534f; background: rgba(217, 83, 79, 0.1)"
_NO_FORMULAS = 'class="mathjax_ignore tex2jax_ignore"'
_MOST_FOLDED = 200_000  # characters of one fold; its beginning goes


class Sheet:
    """Each method adds a part below the others. All text is taken for text; only `words` is read as Markdown, in which
    HTML is text, too. Nothing in it needs a script."""

    def __init__(self) -> None:
        self._html: list[str | None] = []
        self._markdown: list[str] = []
        self._plain: list[str] = []

    def words(self, text: str) -> None:
        """What a model says."""
        if text.strip():
            self._html.append(html_of(text))
            self._markdown.append(harmless(text))
            self._plain.append(text)

    def folded(self, title: str, *texts: str, plain: str | None = None) -> None:
        """Texts that are shown when the reader opens them. `plain`: what stands for them where nothing can be opened;
        None: the title."""
        inside = "".join(f'<div style="{_ASIDE}; {_WRAPPED}">{escape(_end_of(text))}</div>' for text in texts)
        self._add(
            f"<div {_NO_FORMULAS}><details><summary>{escape(title)}</summary>{inside}</details></div>",
            f"[{title}]" if plain is None else plain,
        )

    def line(self, text: str) -> None:
        """Something about the rest, in small print."""
        if text:
            self._add(f'<div {_NO_FORMULAS} style="{_QUIET}">{escape(text)}</div>', f"[{text}]")

    def heading(self, text: str) -> None:
        self._add(f'<div {_NO_FORMULAS} style="font-weight: bold; margin-top: 0.6em">{escape(text)}</div>', f"{text}:")

    def text(self, text: str) -> None:
        """What a person says, as it is."""
        if text:
            self._add(f'<div {_NO_FORMULAS} style="{_WRAPPED}">{escape(text)}</div>', text)

    def failure(self, name: str, text: str) -> None:
        markup = f'<div {_NO_FORMULAS} style="{_WRONG}; {_WRAPPED}"><b>{escape(name)}</b> {escape(text)}</div>'
        self._add(markup, f"{name}: {text}")

    def bar(self, done: float, total: float | None, text: str) -> None:
        """How far something is. `total` None: it is not known."""
        value = "" if total is None else f' value="{done}" max="{max(total, 1)}"'
        bar = f'<progress{value} style="width: 20em; vertical-align: middle"></progress>'
        self._add(f"{bar} <span>{escape(text)}</span>", text)

    def picture(self, mime_type: str, base64: str) -> None:
        """One that came from this machine."""
        source = f"data:{mime_type};base64,{base64}"
        self._add(f'<img alt="picture" src="{escape(source)}" style="max-width: 20em; max-height: 15em">', "[picture]")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Cells that hold nothing but a number stand to the right."""
        lines = [list(header), *(list(row) for row in rows)]
        body = "".join(f"<tr>{''.join(map(_cell, line))}</tr>" for line in lines[1:])
        head = "".join(f'<th style="text-align: left">{escape(name)}</th>' for name in header)
        widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
        self._add(
            f"<table {_NO_FORMULAS}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
            "\n".join(
                "  ".join(each.ljust(width) for each, width in zip(line, widths, strict=True)).rstrip()
                for line in lines
            ),
        )

    def add(self, other: Sheet) -> None:
        """All of another one."""
        self._html += other._html
        self._markdown += other._markdown
        self._plain += other._plain

    def bundle(self) -> dict[str, str]:
        """By media type. Without the means to render Markdown there is no HTML, and the notebook renders it."""
        bundle = {"text/plain": "\n".join(self._plain), "text/markdown": "\n\n".join(self._markdown)}
        if None not in self._html:
            bundle["text/html"] = f"<div>{''.join(part for part in self._html if part is not None)}</div>"
        return bundle

    def _add(self, markup: str, plain: str) -> None:
        self._html.append(markup)
        self._markdown.append(one_line(markup))
        self._plain.append(plain)


def _cell(text: str) -> str:
    side = "right" if text.replace(",", "").replace(".", "").isdigit() else "left"
    return f'<td style="text-align: {side}">{escape(text)}</td>'


def _end_of(text: str) -> str:
    left_out = len(text) - _MOST_FOLDED
    return text if left_out <= 0 else f"({left_out:,} characters are not shown)\n{text[left_out:]}"
