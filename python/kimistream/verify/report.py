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
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; color: #1c1c1e;
  background: #fff }}
table {{ border-collapse: collapse; width: 100%; margin: 1rem 0 }}
td, th {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd }}
td:last-child {{ text-align: right; font-variant-numeric: tabular-nums }}
svg {{ display: block; width: 100%; height: auto }}
@media (prefers-color-scheme: dark) {{ body {{ color: #eee; background: #16161a }} td, th {{ border-color: #333 }} }}
</style></head><body>
<h1>{model}</h1>
<p>{requests} requests, {failed} failed. {began} to {ended}.</p>
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
    reasons = [(f"{name}: {count}", count / whole) for name, count in counts.items()]
    cells = (f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in _flat(summary))
    return _PAGE.format(
        model=html.escape(str(summary["model"])),
        requests=summary["success_count"] + summary["failure_count"],
        failed=summary["failure_count"],
        began=html.escape(str(summary["eval_started_at"])),
        ended=html.escape(str(summary["eval_finished_at"])),
        shares=_bars([(f"{name}: {_shown(value)}", value or 0.0) for name, value in shares]),
        reasons=_bars(reasons),
        rows="".join(cells),
    )


FORMS = {"table": as_table, "json": as_json, "html": as_html}


def _bars(bars: list[tuple[str, float]]) -> str:
    height = 28
    drawn = "".join(
        f'<text x="0" y="{place * height + 18}" fill="currentColor" font-size="14">{html.escape(name)}</text>'
        f'<rect x="300" y="{place * height + 6}" width="500" height="16" fill="#8884"/>'
        f'<rect x="300" y="{place * height + 6}" width="{500 * min(max(share, 0), 1):.1f}" height="16" fill="#3478f6"/>'
        for place, (name, share) in enumerate(bars)
    )
    return f'<svg viewBox="0 0 800 {height * len(bars) + 6}" role="img">{drawn}</svg>'


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
    return f"{value:.2%}" if isinstance(value, float) else str(value)
