"""kimistream verify: K2-Vendor-Verifier's files and figures."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from kit import kimi

pytest.importorskip("aiohttp")
pytest.importorskip("jsonschema")

from kimistream.simulator import Simulator
from kimistream.verify.figures import summary_of
from kimistream.verify.report import as_html
from kimistream.verify.requests import prepare
from kimistream.verify.results import read_results
from kimistream.verify.run import verify
from kimistream.verify.suites import SUITES
from kimistream.verify.suites.tools import wrapped

TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}  # fmt: skip


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0, record=10_000) as running:
        yield running


def client_of(sim: Simulator) -> Any:
    return kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")


def chats(sim: Simulator) -> int:
    return sum(request.path.endswith("/chat/completions") for request in sim.requests)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "samples.jsonl"
    lines: list[Any] = [
        {"messages": [{"role": "user", "content": "What is the weather in Rome?"}], "tools": [TOOL], "stream": True},
        {"messages": [{"role": "_input", "content": "Be short."}, {"role": "user", "content": "Hi"}], "max_tokens": 50},
        {"messages": [{"role": "user", "content": "Say yes."}], "stream": True},
    ]
    path.write_text("\n".join([json.dumps(lines[0]), "", "{not json", *map(json.dumps, lines[1:])]) + "\n")
    return path


def test_files_and_figures_are_theirs(sim: Simulator, requests: Path, tmp_path: Path) -> None:
    told: list[str] = []
    out = tmp_path / "results.jsonl"
    summary = verify(client_of(sim), str(requests), str(out), told=told.append, concurrency=2)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["data_index"] for line in lines] == [1, 4, 5], "the number of the line, from 1"
    assert len(told) == 1
    assert "line 3" in told[0]
    theirs = {"data_index", "request", "extra_body", "response", "status", "finish_reason", "tool_calls_valid",
              "last_run_at", "duration_ms", "hash"}  # fmt: skip
    for line in lines:
        assert theirs <= set(line)
        assert all(name.startswith("x_") for name in set(line) - theirs)
        text = json.dumps(line["request"], sort_keys=True, ensure_ascii=False)
        assert line["hash"] == hashlib.md5(text.encode()).hexdigest()
        assert line["response"]["object"] == "chat.completion"
    assert lines[0]["request"]["stream_options"] == {"include_usage": True}
    assert lines[1]["request"]["messages"][0]["role"] == "system"
    assert (lines[0]["finish_reason"], lines[0]["tool_calls_valid"]) == ("tool_calls", True)
    assert lines[1]["tool_calls_valid"] is None
    assert (summary["success_count"], summary["failure_count"], summary["finish_tool_calls"]) == (3, 0, 1)
    assert (summary["schema_accuracy"], summary["tool_call_f1"]) == (1.0, None)
    assert summary["usage"]["total_tokens"] > 0
    asked = [request.body for request in sim.requests]
    assert {body["messages"][-1]["content"]: bool(body.get("stream")) for body in asked} == {
        "What is the weather in Rome?": True, "Hi": False, "Say yes.": True,
    }, "each as it says itself"  # fmt: skip


def asked(number: int, **more: Any) -> str:
    return json.dumps({"messages": [{"role": "user", "content": f"What is {number} + 1?"}], **more})


@pytest.mark.parametrize("stream", [False, True])
def test_requests_are_sent_as_they_stand_and_go_on(tmp_path: Path, stream: bool) -> None:
    requests, out = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    requests.write_text("".join(f"{asked(number, stream=stream)}\n" for number in range(3)))
    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        summary = verify(client, str(requests), str(out), concurrency=2)
        again = verify(client, str(requests), str(out), concurrency=2)
        bodies = [request.body for request in sim.requests]
    assert summary["success_count"] == again["success_count"] == 3
    assert [bool(body.get("stream")) for body in bodies] == [stream] * 3, "what succeeded is not asked again"
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(line["data_index"], line["status"]) for line in lines] == [(1, "success"), (2, "success"), (3, "success")]


def test_what_succeeded_is_not_asked_again_theirs_or_ours(sim: Simulator, requests: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    client = client_of(sim)
    verify(client, str(requests), str(out))
    assert chats(sim) == 3
    verify(client, str(requests), str(out))
    assert chats(sim) == 3
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    theirs = [{name: value for name, value in line.items() if not name.startswith("x_")} for line in lines]
    theirs[2]["status"] = "failed"
    out.write_text("\n".join(map(json.dumps, theirs)) + '\n{"data_index": 9, "torn')
    verify(client, str(requests), str(out))
    assert chats(sim) == 4, "only what had failed"
    assert len(out.read_text().splitlines()) == 3
    verify(client, str(requests), str(out), extra_body={"top_p": 0.95})
    assert chats(sim) == 7, "another body is another request"
    verify(client, str(requests), str(out), max_tokens=77, extra_body={"top_p": 0.95})
    assert chats(sim) == 10


def test_failures_are_lines(requests: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    with Simulator(pace=0, error="400*1") as sim:
        summary = verify(client_of(sim), str(requests), str(out), concurrency=1)
    assert (summary["success_count"], summary["failure_count"]) == (2, 1)
    (failed,) = (line for line in read_results(str(out)).values() if line["status"] == "failed")
    assert failed["response"]["error_type"] == "BadRequestError"
    assert failed["x_status_code"] == 400


def test_likeness_is_by_the_reference() -> None:
    def line(index: int, reason: str, valid: bool | None = None, status: str = "success") -> dict[str, Any]:
        return {"data_index": index, "finish_reason": reason, "tool_calls_valid": valid, "status": status}

    reference = {index: line(index, reason) for index, reason in enumerate(["tool_calls"] * 3 + ["stop"] * 3, 1)}
    lines = [line(1, "tool_calls", True), line(2, "tool_calls", False), line(3, "stop"), line(4, "tool_calls", True),
             line(5, "length"), line(6, "stop", status="failed"), line(9, "tool_calls", True)]  # fmt: skip
    summary = summary_of("m", lines, reference)
    assert summary["tool_call_precision"] == pytest.approx(2 / 3)
    assert summary["tool_call_recall"] == pytest.approx(2 / 3)
    assert summary["tool_call_f1"] == pytest.approx(2 / 3)
    assert summary["schema_accuracy"] == pytest.approx(3 / 4)
    assert (summary["finish_others"], summary["finish_others_detail"]) == (1, {"length": 1})
    assert (summary["schema_validation_error_count"], summary["successful_tool_call_count"]) == (1, 3)


class Page(HTMLParser):
    """What stands in a page: its elements, the text of each, and its plots' labels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.labels: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.labels += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_but_itself_and_shows_names_as_they_are() -> None:
    model = '</title><script src="https://a.b">x</script>'
    reason = '"><img src=x onerror=alert(1)> {braces}'
    lines = [{"data_index": 1, "status": "success", "finish_reason": reason, "tool_calls_valid": None}]
    text = as_html(summary_of(model, lines, {}, "2026-11-27T21:00:12.5", "2026-11-27T22:44:02.5", 6_230_000))
    page = Page(text)
    assert page.tags == {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "span", "svg",
                         "rect", "table", "tr", "td"}  # fmt: skip
    assert not page.attributes & {"src", "href", "style", "onerror"}
    assert not [word for word in ("url(", "@import") if word in text]
    assert page.text.count(model) == 3, "title, heading and table"
    assert f"{reason}: 1" in page.labels
    assert "schema_accuracy: -" in page.labels
    assert "1 requests, 0 failed, in 1 h 44 min. 2026-11-27 21:00:12 to 2026-11-27 22:44:02." in page.text
    assert "default-src 'none'" in text


def test_preparing_changes_nothing_of_what_was_read() -> None:
    raw = {"messages": [{"role": "_input", "content": "a"}], "stream": True, "temperature": 1}
    before = json.dumps(raw)
    request = prepare(raw, "m", 0.6, 9)
    assert json.dumps(raw) == before
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("m", 0.6, 9)


def test_the_suite_of_parameters(sim: Simulator) -> None:
    report = SUITES["params"](client_of(sim), None, None, {})
    wrong = [case for case in report["results"] if case["status"] != "passed"]
    assert wrong == []
    assert report["summary"]["total"] == 22
    with Simulator(pace=0, error="503") as broken:
        report = SUITES["params"](client_of(broken), None, None, {})
    assert report["summary"]["by_status"] == {"infra_error": 22}


def test_the_suite_of_tokens(sim: Simulator, tmp_path: Path) -> None:
    client = client_of(sim)
    counted = client.stream("hi").message.usage.prompt_tokens
    cases = tmp_path / "cases.jsonl"
    request = {"messages": [{"role": "user", "content": "hi"}]}
    cases.write_text("".join(
        json.dumps({"id": name, "request": request, "expected_prompt_tokens": counted + more}) + "\n"
        for name, more in (("same", 0), ("three", -3), ("four", -4), ("fewer", 1))
    ))  # fmt: skip
    report = SUITES["tokens"](client, str(cases), None, {})
    assert {case["id"]: case["status"] for case in report["results"]} == {
        "same": "passed", "three": "passed", "four": "failed", "fewer": "failed",
    }  # fmt: skip


def test_the_suite_of_tools(sim: Simulator, tmp_path: Path) -> None:
    cases = tmp_path / "valid.jsonl"
    schemas = [{"type": "string", "enum": ["a", "b"]}, {"type": "object", "properties": {"n": {"type": "integer"}},
               "required": ["n"]}, {"type": "string", "minLength": 5000}]  # fmt: skip
    cases.write_text("".join(json.dumps(schema) + "\n" for schema in schemas))
    report = SUITES["tools"](client_of(sim), str(cases), None, {})
    assert report["summary"]["total"] == 4
    assert {case["mode"] for case in report["results"]} == {"whole", "stream"}
    assert report["summary"]["by_status"].get("infra_error", 0) == 0
    recursive = wrapped({"type": "object", "properties": {"next": {"$ref": "#"}, "default": {"type": "null"}}})
    assert recursive["properties"]["value"] == {"$ref": "#/$defs/root"}
    assert recursive["$defs"]["root"]["properties"]["next"] == {"$ref": "#/$defs/root"}
    assert "default" in recursive["$defs"]["root"]["properties"]


def test_the_shell(sim: Simulator, requests: Path, tmp_path: Path) -> None:
    pytest.importorskip("typer")

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kimistream.cli", "verify", *words, "--base-url", sim.base_url],
            env={**os.environ, "MOONSHOT_API_KEY": sim.api_key, "NO_PROXY": "127.0.0.1"},
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    out = tmp_path / "results.jsonl"
    ran = command(str(requests), "--out", str(out), "--report", "json", "--concurrency", "2")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["success_count"] == 3
    compared = command(
        str(requests), "--out", str(tmp_path / "mine.jsonl"), "--reference", str(out), "--report", "html"
    )
    assert compared.returncode == 0
    assert "tool_call_f1: 100.00%" in compared.stdout
    assert command(str(requests)).returncode == 2
    assert command(str(requests), "--out", str(out), "--report", "pdf").returncode == 2
    assert command("--suite", "none").returncode == 2
    assert command(str(tmp_path / "none.jsonl"), "--out", str(out)).returncode == 2
