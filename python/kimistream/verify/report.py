"""The summary as a table, as JSON, and as a page that needs nothing but itself."""

from __future__ import annotations

import html
import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SHARES = ("tool_call_precision", "tool_call_recall", "tool_call_f1", "schema_accuracy")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kimistream verify: {model}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {{ color-scheme: light dark; --line: #ddd; --quiet: #6b6b70; --bar: #3478f6 }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; color: #1c1c1e;
  background: #fff; overflow-wrap: anywhere }}
h2 {{ margin-top: 2rem }}
p {{ color: var(--quiet) }}
.bars {{ display: grid; grid-template-columns: minmax(10rem, 2fr) 3fr minmax(4rem, auto); gap: .4rem .8rem;
  align-items: center }}
.bars svg {{ width: 100%; height: 1rem; border-radius: 3px; background: var(--line) }}
.bars rect {{ fill: var(--bar) }}
.bars span:nth-child(3n), td:last-child {{ text-align: right; font-variant-numeric: tabular-nums }}
table {{ border-collapse: collapse; width: 100% }}
td {{ padding: .3rem 0; border-bottom: 1px solid var(--line) }}
td:last-child {{ padding-left: 1.5rem; overflow-wrap: normal }}
@media (prefers-color-scheme: dark) {{
  :root {{ --line: #38383d; --quiet: #a0a0a8; --bar: #5b95ff }} body {{ color: #eee; background: #16161a }} }}
</style></head><body>
<h1>{model}</h1>
<p>{requests} requests, {failed} failed, in {duration}. {began} to {ended}.</p>
<h2>Calls</h2>{shares}
<h2>How answers ended</h2>{reasons}
<h2>All figures</h2><table>{rows}</table>
</body></html>
"""


def as_json(summary: Mapping[str, Any]) -> str:
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"


def as_table(summary: Mapping[str, Any]) -> str:
    rows = list(_flat(summary))
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)


def as_html(summary: Mapping[str, Any]) -> str:
    shares = [(name, summary.get(name)) for name in _SHARES]
    counts = {
        "stop": summary["finish_stop"],
        "tool_calls": summary["finish_tool_calls"],
        **summary["finish_others_detail"],
        "failed": summary["failure_count"],
    }
    whole = max(sum(counts.values()), 1)
    cells = (f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in _flat(summary))
    return _PAGE.format(
        model=html.escape(str(summary["model"])),
        requests=f"{summary['success_count'] + summary['failure_count']:,}",
        failed=f"{summary['failure_count']:,}",
        duration=_duration(summary["eval_duration_ms"]),
        began=html.escape(_moment(summary["eval_started_at"])),
        ended=html.escape(_moment(summary["eval_finished_at"])),
        shares=_bars([(name, _shown(value), value) for name, value in shares]),
        reasons=_bars([(name, f"{count:,}", count / whole) for name, count in counts.items()]),
        rows="".join(cells),
    )


FORMS = {"table": as_table, "json": as_json, "html": as_html}


def _bars(bars: list[tuple[str, str, float | None]]) -> str:
    """Name, figure, and which part of the whole it is; None where there is none."""
    return f'<div class="bars">{"".join(_bar(*each) for each in bars)}</div>'


def _bar(name: str, figure: str, share: float | None) -> str:
    name, figure = html.escape(name), html.escape(figure)
    drawn = f'<rect width="{100 * min(max(share or 0.0, 0.0), 1.0):.2f}" height="1"/>'
    picture = f'<svg viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{name}: {figure}">'
    return f"<span>{name}</span>{picture}{drawn}</svg><span>{figure}</span>"


def _moment(text: Any) -> str:
    """To the second."""
    return str(text).replace("T", " ").partition(".")[0]


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _flat(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for name, value in summary.items():
        if isinstance(value, dict):
            rows += [(f"{name}.{inner}", _shown(each)) for inner, each in value.items()]
        else:
            rows.append((name, _shown(value)))
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
