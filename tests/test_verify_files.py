"""kimistream verify and K2-Vendor-Verifier on the same files, in either order; many requests, each as it says."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import completion, kimi, wait_until

pytest.importorskip("aiohttp")
pytest.importorskip("jsonschema")

from kimistream import InvalidRequestError
from kimistream.simulator import Simulator
from kimistream.verify.run import verify


class Theirs:
    """What K2-Vendor-Verifier's tool_calls_eval.py does with its files: its preparation, hash, columns, `--incremental`
    and the tidying at the end. `ask` answers a request in place of a server."""

    def __init__(self, model: str, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._model = model
        self._ask = ask
        self.asked: list[int] = []

    def prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        prepared = request.copy()
        for message in prepared["messages"]:
            if message.get("role") == "_input":
                message["role"] = "system"
        prepared["model"] = self._model
        if prepared.get("stream", False):
            prepared["stream_options"] = {**prepared.get("stream_options", {}), "include_usage": True}
        return prepared

    def run(self, requests: Path, out: Path, incremental: bool) -> None:
        known = {}
        if incremental and out.exists():
            for text in texts_of(out):
                line = json.loads(text)
                known[line["hash"]] = line
        else:
            out.write_text("")
        for index, text in enumerate(requests.read_text("utf-8").split("\n"), 1):
            if not text.strip():
                continue
            prepared = self.prepare(json.loads(text))
            digest = hashlib.md5(json.dumps(prepared, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
            if known.get(digest, {}).get("status") == "success":
                continue
            self.asked.append(index)
            response = self._ask(prepared)
            choice = response.get("choices", [{}])[0]
            line = {
                "data_index": index,
                "request": prepared,
                "extra_body": {},
                "response": response,
                "status": "success" if "choices" in response else "failed",
                "finish_reason": choice.get("finish_reason"),
                "tool_calls_valid": None,
                "last_run_at": datetime.now().isoformat(),
                "duration_ms": 12,
                "hash": digest,
            }
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        latest: dict[int, dict[str, Any]] = {}
        for text in texts_of(out):
            line = json.loads(text)
            before = latest.get(line["data_index"])
            if before is None or line["last_run_at"] > before["last_run_at"]:
                latest[line["data_index"]] = line
        rows = (json.dumps(latest[index], ensure_ascii=False) + "\n" for index in sorted(latest))
        out.write_text("".join(rows), "utf-8")


def texts_of(path: Path) -> list[str]:
    """A file ends lines at "\\n" only."""
    return [text for text in path.read_text("utf-8").split("\n") if text]


def fails(prepared: dict[str, Any]) -> dict[str, Any]:
    return {"error_type": "BadRequestError", "error_message": "no", "error": "no"}


def works(prepared: dict[str, Any]) -> dict[str, Any]:
    return completion("Ja, 2.")


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in texts_of(out)]


def chats(sim: Simulator) -> list[Any]:
    return [request.body for request in sim.requests if request.path.endswith("/chat/completions")]


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """Six of them, with what may trouble a hash: other alphabets, floats, `_input`, own stream_options, no stream."""
    said: list[dict[str, Any]] = [
        {"messages": [{"role": "_input", "content": "短く"}, {"role": "user", "content": "Grüße \U0001f600"}]},
        {"messages": [{"role": "user", "content": "1+1?"}], "temperature": 1.0, "top_p": 0.95, "stream": True},
        {"messages": [{"role": "user", "content": "2+2?"}], "stream": True, "stream_options": {"x": 1}},
        {"messages": [{"role": "user", "content": "3+3?"}], "stream": False, "max_tokens": 16000},
        {"messages": [{"role": "user", "content": "a\u2028b"}], "tools": [], "seed": 1},
        {"messages": [{"role": "user", "content": "4+4?"}], "stop": None},
    ]
    path = tmp_path / "samples.jsonl"
    path.write_text("\n\n".join(json.dumps(each, ensure_ascii=False) for each in said[:5]) + "\n", "utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(said[5]))
    return path


def test_their_file_is_gone_on_with_by_ours_and_ours_by_theirs(requests: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    theirs = Theirs("kimi-k2.6", lambda asked: works(asked) if "stream" in asked else fails(asked))
    theirs.run(requests, out, incremental=False)
    assert [line["status"] for line in lines_of(out)] == ["failed", "success", "success", "success", "failed", "failed"]
    with Simulator(pace=0, error="400*1") as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        summary = verify(client, str(requests), str(out), concurrency=1)
        assert len(chats(sim)) == 3, "what had succeeded is not asked again"
        assert (summary["success_count"], summary["failure_count"]) == (5, 1)
    mine = lines_of(out)
    assert [line["data_index"] for line in mine] == [1, 3, 5, 7, 9, 10]
    (failed,) = (line["data_index"] for line in mine if line["status"] == "failed")
    again = Theirs("kimi-k2.6", works)
    again.run(requests, out, incremental=True)
    assert again.asked == [failed], "theirs asks what had failed, and knows the rest by its hash"
    assert [line["status"] for line in lines_of(out)] == ["success"] * 6
    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        assert verify(client, str(requests), str(out))["success_count"] == 6
        assert chats(sim) == []
    untouched = [line for line in mine if line["status"] == "success"]
    assert [line for line in lines_of(out) if line["data_index"] != failed] == untouched, "lines stay as they were"


def test_a_run_that_was_killed_is_gone_on_with_by_theirs(requests: Path, tmp_path: Path) -> None:
    """Its lines stand in order of completion, as theirs do before the end."""
    out = tmp_path / "results.jsonl"

    class Stop(BaseException):
        pass

    def stop(ended: int, total: int) -> None:
        if ended == 4:
            raise Stop

    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        with pytest.raises(Stop):
            verify(client, str(requests), str(out), concurrency=2, progress=stop)
    assert len(lines_of(out)) == 4
    theirs = Theirs("kimi-k2.6", works)
    theirs.run(requests, out, incremental=True)
    assert len(theirs.asked) == 2
    assert len(lines_of(out)) == 6


def test_each_request_is_streamed_or_not_as_it_says(requests: Path, tmp_path: Path) -> None:
    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        summary = verify(client, str(requests), str(tmp_path / "out.jsonl"), concurrency=3)
        bodies = chats(sim)
    assert summary["success_count"] == 6
    streamed = {body["messages"][-1]["content"]: bool(body.get("stream")) for body in bodies}
    assert streamed == {
        "Grüße \U0001f600": False, "1+1?": True, "2+2?": True, "3+3?": False, "a\u2028b": False, "4+4?": False,
    }  # fmt: skip


def test_a_thousand_requests_a_hundred_at_once(fault_server: FaultServer, tmp_path: Path) -> None:
    requests, out = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    requests.write_text(
        "".join(json.dumps({"messages": [{"role": "user", "content": f"{n}"}]}) + "\n" for n in range(1000))
    )
    url = fault_server.url(Script().gate().json(200, completion()))
    found: list[dict[str, Any]] = []

    def work() -> None:
        found.append(verify(kimi(url, provider="moonshot"), str(requests), str(out), concurrency=100))

    worker = threading.Thread(target=work)
    worker.start()
    wait_until(lambda: fault_server.at_gate(url) == 100, 120)
    assert fault_server.attempts(url) == 100, "and no more"
    fault_server.open(url, 1000)
    worker.join(300)
    assert not worker.is_alive()
    (summary,) = found
    assert (summary["success_count"], summary["failure_count"]) == (1000, 0)
    assert fault_server.attempts(url) == 1000
    assert [line["data_index"] for line in lines_of(out)] == list(range(1, 1001))
    assert len({line["hash"] for line in lines_of(out)}) == 1000


def test_a_file_of_something_else_is_left_alone(requests: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("What I must not lose.\n")
    for out in (requests, notes):
        before = out.read_bytes()
        with pytest.raises(InvalidRequestError, match="would be lost"):
            verify(kimi("http://127.0.0.1:9/v1"), str(requests), str(out))
        assert out.read_bytes() == before
