"""The file of results: their columns, ours behind `x_`. A line as each request ends, sorted at the end."""

from __future__ import annotations

import json
import os
from datetime import datetime

from .._bulk.lines import split_lines
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.bulk import Row
    from .._values.message import Message
    from .requests import Prepared
    from .schemas import Validators


def result_of(asked: Prepared, row: Row, extra_body: dict[str, Any], validators: Validators) -> dict[str, Any]:
    """A line."""
    message, error = row.message, row.error
    reason = None if message is None else message.finish_reason
    response = _completion(message) if message is not None else _failure(error)
    valid = None
    if message is not None and reason == "tool_calls" and message.tool_calls:
        valid = validators.all_fit([call._to_wire() for call in message.tool_calls], asked.raw.get("tools"))
    said = message if message is not None else getattr(error, "partial", None)
    return {
        "data_index": asked.index,
        "request": asked.request,
        "extra_body": extra_body,
        "response": response,
        "status": "success" if message is not None else "failed",
        "finish_reason": reason,
        "tool_calls_valid": valid,
        "last_run_at": datetime.now().isoformat(),
        "duration_ms": int(row.seconds * 1000),
        "hash": asked.hash,
        "x_attempts": row.attempts,
        "x_cost": row.cost,
        "x_request_id": getattr(said, "request_id", None) or getattr(error, "request_id", None),
        "x_reasoning_chars": len(said.reasoning or "") if said is not None else 0,
        "x_warnings": [warning.code for warning in said.warnings] if said is not None else [],
        "x_status_code": getattr(error, "status_code", None),
    }


def _completion(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.reasoning is not None:
        said["reasoning_content"] = message.reasoning
    if message.tool_calls:
        said["tool_calls"] = [call._to_wire() for call in message.tool_calls]
    usage = message.usage
    counts = None if usage is None else {
        name: getattr(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    }  # fmt: skip
    return {
        "id": message.id,
        "object": "chat.completion",
        "model": message.model,
        "choices": [{"index": 0, "message": said, "finish_reason": message.finish_reason}],
        "usage": counts,
    }


def _failure(error: Any) -> dict[str, Any]:
    return {"error_type": type(error).__name__, "error_message": str(error), "error": str(error)}


class Results:
    """Holds the file while a run writes it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.known = read_results(path) if os.path.exists(path) else {}
        if not self.known and _is_foreign(path):
            raise InvalidRequestError(
                f"{path} holds something else than results, which would be lost: choose another file"
            )
        _cut_torn(path)
        try:
            self._file = open(path, "ab")  # noqa: SIM115 - `close`
        except OSError as error:
            raise InvalidRequestError(f"{path} cannot be written: {error.strerror or error}") from error

    def write(self, line: dict[str, Any]) -> None:
        self._file.write(_text(line))
        self._file.flush()

    def close(self, lines: dict[int, dict[str, Any]]) -> None:
        """The file anew, by `data_index`, each once; lines of other requests stay."""
        self._file.close()
        whole = {**self.known, **lines}
        with open(f"{self.path}.new", "wb") as file:
            for index in sorted(whole):
                file.write(_text(whole[index]))
        os.replace(f"{self.path}.new", self.path)

    def leave(self) -> None:
        self._file.close()


def read_results(path: str) -> dict[int, dict[str, Any]]:
    """The lines by `data_index`, the latest of each. What is torn, or none, is left out."""
    found: dict[int, dict[str, Any]] = {}
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        for text in split_lines(file.read):
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if not isinstance(line, dict) or not isinstance(line.get("data_index"), int):
                continue
            before = found.get(line["data_index"])
            if before is None or str(line.get("last_run_at") or "") >= str(before.get("last_run_at") or ""):
                found[line["data_index"]] = line
    return found


def _is_foreign(path: str) -> bool:
    """Whether a file without a whole result is something else than what a kill has left of the first one."""
    if not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        begun = b'{"data_index":'
        head = file.read(len(begun))
    return not begun.startswith(head)


def _cut_torn(path: str) -> None:
    """What a kill has left of the last line."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    with open(path, "rb+") as file:
        content = file.read()
        if not content.endswith(b"\n"):
            try:
                json.loads(content[content.rfind(b"\n") + 1 :])
            except ValueError:
                file.truncate(content.rfind(b"\n") + 1)
            else:
                file.write(b"\n")


def _text(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
