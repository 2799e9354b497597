"""Batches: files of requests that are answered in their own time.

What goes wrong with one is ordered by its metadata, or for all by the option `batch`, as "what@lines":

fail                      the file is not taken
expire@5                  the window is over after five requests; those answered stay
error@5                   the first five requests end in the error file, with a 500

`batch_pace` is seconds for each request; with 0 a batch is a state further at each look.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..values.failures import Failure, Refusal, invalid
from .files import FileStore, Sink

ORDER = "simulate"  # a key of the metadata
_ORDER = re.compile(r"(fail|expire|error)(?:@(\d{1,9}))?")
_WINDOW = re.compile(r"(\d{1,3})([hd])")
_HOURS = {"h": 1, "d": 24}
_OPEN = ("validating", "in_progress", "finalizing")
ENDPOINT = "/v1/chat/completions"

# The answer to one request of a batch; raises Refusal.
Answer = Callable[[Any], Mapping[str, Any]]


def checked_order(order: str) -> tuple[str, int]:
    """What is to go wrong, and after how many requests. ValueError for what is no such order."""
    match = _ORDER.fullmatch(order)
    if match is None:
        raise ValueError(f"cannot read the order {order!r} for a batch: fail, expire@5 or error@5")
    return match[1], int(match[2] or 0)


@dataclass
class BatchTask:
    """One batch: what is told of it, and what has come of it."""

    told: dict[str, Any]
    order: tuple[str, int] | None
    requests: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0
    output: list[bytes] = field(default_factory=list)
    errors: list[bytes] = field(default_factory=list)


class BatchStore:
    """The batches of the one user. The server's thread only."""

    def __init__(self, files: FileStore, pace: float = 0.0, order: str | None = None) -> None:
        self._files = files
        self._pace = pace
        self._order = None if order is None else checked_order(order)
        self._tasks: dict[str, BatchTask] = {}

    def clear(self) -> None:
        self._tasks.clear()

    def create(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, Mapping):
            raise invalid("Invalid request: the body must be a JSON object")
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(body.get(name), str):
                raise invalid(f"Invalid request: {name} is required")
        if body["endpoint"] != ENDPOINT:
            raise invalid(f"Invalid request: endpoint must be {ENDPOINT}")
        metadata = _metadata(body.get("metadata"))
        if self._files.find(body["input_file_id"]).purpose != "batch":
            raise invalid("Invalid request: the purpose of the input file must be batch")
        now = int(time.time())
        number = hashlib.sha256(f"batch {len(self._tasks) + 1}".encode()).hexdigest()[:24]
        told = {
            "id": f"batch_{number}",
            "object": "batch",
            "endpoint": ENDPOINT,
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "in_progress_at": None,
            "expires_at": now + _seconds(body["completion_window"]),
            "finalizing_at": None,
            "completed_at": None,
            "failed_at": None,
            "cancelling_at": None,
            "cancelled_at": None,
            "request_counts": {"completed": 0, "failed": 0, "total": 0},
            "metadata": metadata,
        }
        order = (metadata or {}).get(ORDER)
        try:
            task = BatchTask(told, self._order if order is None else checked_order(order))
        except ValueError as error:
            raise invalid(f"Invalid request: {error}") from None
        self._tasks[told["id"]] = task
        return told

    def find(self, batch_id: str) -> BatchTask:
        if batch_id not in self._tasks:
            raise Refusal(Failure(404, "resource_not_found_error", f"batch {batch_id} not found"))
        return self._tasks[batch_id]

    def listed(self, after: str | None, limit: int) -> dict[str, Any]:
        """A page, newest first."""
        ids = list(reversed(self._tasks))
        begin = ids.index(after) + 1 if after in ids else 0
        page = ids[begin : begin + limit]
        more = begin + limit < len(ids)
        return {"object": "list", "data": [self._tasks[each].told for each in page], "has_more": more}

    def cancel(self, batch_id: str) -> dict[str, Any]:
        task = self.find(batch_id)
        if task.told["status"] not in _OPEN:
            raise invalid(f"Invalid request: a batch that is {task.told['status']} cannot be cancelled")
        _become(task, "cancelling")
        return task.told

    def look(self, batch_id: str, answer: Answer) -> dict[str, Any]:
        """How it stands, after it has gone on as far as it is due."""
        task = self.find(batch_id)
        status = task.told["status"]
        if status == "validating":
            self._validate(task)
        elif status == "in_progress":
            self._go_on(task, answer)
        elif status == "finalizing":
            self._end(task, "completed")
        elif status == "cancelling":
            self._end(task, "cancelled")
        return task.told

    def _validate(self, task: BatchTask) -> None:
        try:
            task.requests = _requests(self._files.find(task.told["input_file_id"]).raw())
            if task.order is not None and task.order[0] == "fail":
                raise _Wrong("simulated: the file is not taken", None)
        except _Wrong as wrong:
            error = {"code": "invalid_request", "message": str(wrong), "param": None, "line": wrong.line}
            task.told["errors"] = {"object": "list", "data": [error]}
            _become(task, "failed")
            return
        task.told["request_counts"]["total"] = len(task.requests)
        _become(task, "in_progress")

    def _go_on(self, task: BatchTask, answer: Answer) -> None:
        due = len(task.requests)
        if self._pace > 0:
            due = min(due, int((time.time() - task.told["in_progress_at"]) / self._pace))
        last = task.order[1] if task.order is not None and task.order[0] == "expire" else None
        while task.answered < due and task.answered != last:
            self._answer(task, task.requests[task.answered], answer)
            task.answered += 1
        if task.answered == last:
            self._end(task, "expired")
        elif task.answered == len(task.requests):
            _become(task, "finalizing")

    def _answer(self, task: BatchTask, request: dict[str, Any], answer: Answer) -> None:
        counts, own = task.told["request_counts"], request["custom_id"]
        line = {"id": f"{task.told['id']}-{task.answered}", "custom_id": own, "response": None, "error": None}
        try:
            if task.order is not None and task.order[0] == "error" and task.answered < task.order[1]:
                raise Refusal(Failure(500, "server_error", "simulated: this request failed"))
            line["response"] = {
                "status_code": 200,
                "request_id": f"req-{task.answered}",
                "body": answer(request["body"]),
            }
        except Refusal as refusal:
            failure = refusal.failure
            body = {"error": {"message": failure.message, "type": failure.type}}
            line["response"] = {"status_code": failure.status, "request_id": f"req-{task.answered}", "body": body}
            line["error"] = {"code": failure.type, "message": failure.message}
            counts["failed"] += 1
            task.errors.append(_text(line))
        else:
            counts["completed"] += 1
            task.output.insert(0, _text(line))  # no order is promised

    def _end(self, task: BatchTask, status: str) -> None:
        for name, lines in (("output", task.output), ("error", task.errors)):
            if lines:
                sink = Sink()
                for line in lines:
                    sink.write(line)
                stored = self._files.add(
                    sink, name=f"{task.told['id']}_{name}.jsonl", purpose="batch", mime="application/jsonl",
                    created=int(time.time()),
                )  # fmt: skip
                task.told[f"{name}_file_id"] = stored.id
        _become(task, status)


class _Wrong(Exception):  # noqa: N818 - what is wrong with a file
    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def _become(task: BatchTask, status: str) -> None:
    task.told["status"] = status
    if f"{status}_at" in task.told:
        task.told[f"{status}_at"] = int(time.time())


def _requests(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, text in enumerate(content.splitlines(), 1):
        try:
            request = json.loads(text)
        except ValueError:
            raise _Wrong("the line is not valid JSON", number) from None
        if not isinstance(request, dict) or not isinstance(request.get("body"), dict):
            raise _Wrong("the line has no body", number)
        if not isinstance(request.get("custom_id"), str) or request["custom_id"] in seen:
            raise _Wrong("custom_id must be a text that no other line has", number)
        if request.get("method") != "POST" or request.get("url") != ENDPOINT:
            raise _Wrong(f"method and url must be POST and {ENDPOINT}", number)
        if found and request["body"].get("model") != found[0]["body"].get("model"):
            raise _Wrong("all requests of a file must name the same model", number)
        seen.add(request["custom_id"])
        found.append(request)
    if not found:
        raise _Wrong("the file is empty", None)
    return found


def _metadata(given: Any) -> dict[str, str] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) > 16:
        raise invalid("Invalid request: metadata is up to 16 pairs")
    for key, value in given.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            raise invalid("Invalid request: metadata has keys of up to 64 characters, and texts of up to 512")
    return given


def _seconds(window: str) -> int:
    match = _WINDOW.fullmatch(window)
    hours = int(match[1]) * _HOURS[match[2]] if match else 0
    if not 12 <= hours <= 7 * 24:
        raise invalid("Invalid request: completion_window is between 12h and 7d")
    return hours * 3600


def _text(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
