"""What the results amount to: their summary, and how alike two servers are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens")


def summary_of(
    model: str,
    lines: Iterable[dict[str, Any]],
    reference: Mapping[int, dict[str, Any]] | None = None,
    began: str = "",
    ended: str = "",
    milliseconds: int = 0,
) -> dict[str, Any]:
    """The keys of their summary; and `schema_accuracy`, and with a reference `tool_call_precision`, `tool_call_recall`
    and `tool_call_f1`, None where nothing is to be divided by.

    A call is positive where the finish reason is "tool_calls". Requests that either has no answer to count in nothing.
    """
    lines = list(lines)
    answered = [line for line in lines if line.get("status") == "success"]
    reasons = [line.get("finish_reason") for line in answered]
    others: dict[str, int] = {}
    for reason in reasons:
        if reason not in ("stop", "tool_calls"):
            others[str(reason)] = others.get(str(reason), 0) + 1
    called = reasons.count("tool_calls")
    right = sum(line.get("finish_reason") == "tool_calls" and line.get("tool_calls_valid") is True for line in answered)
    return {
        "model": model,
        "success_count": len(answered),
        "failure_count": len(lines) - len(answered),
        "finish_stop": reasons.count("stop"),
        "finish_tool_calls": called,
        "finish_others": sum(others.values()),
        "finish_others_detail": others,
        "schema_validation_error_count": called - right,
        "successful_tool_call_count": right,
        "usage": {name: sum(_usage(line).get(name) or 0 for line in answered) for name in _TOKENS},
        "eval_started_at": began,
        "eval_finished_at": ended,
        "eval_duration_ms": milliseconds,
        **_likeness(answered, reference),
        "schema_accuracy": right / called if called else None,
    }


def _likeness(answered: list[dict[str, Any]], reference: Mapping[int, dict[str, Any]] | None) -> dict[str, Any]:
    precision = recall = f1 = None
    if reference is not None:
        both = [
            (reference[line["data_index"]].get("finish_reason") == "tool_calls",
             line.get("finish_reason") == "tool_calls")
            for line in answered
            if reference.get(line["data_index"], {}).get("status", "success") == "success"
            and line["data_index"] in reference
        ]  # fmt: skip
        true = both.count((True, True))
        false, missed = both.count((False, True)), both.count((True, False))
        precision = true / (true + false) if true + false else None
        recall = true / (true + missed) if true + missed else None
        if precision is not None and recall is not None:
            f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"tool_call_precision": precision, "tool_call_recall": recall, "tool_call_f1": f1}


def _usage(line: dict[str, Any]) -> dict[str, Any]:
    usage = (line.get("response") or {}).get("usage")
    return usage if isinstance(usage, dict) else {}
