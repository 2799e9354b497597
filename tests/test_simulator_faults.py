"""The simulator when things go wrong as ordered, and its life: start, load, stop."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import frames, message, post  # noqa: E402

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    shared.reset()
    return shared


def test_errors_by_header(sim: Simulator) -> None:
    twice = {"X-Simulate-Error": "429*2"}
    assert [post(sim, "hi", headers=twice).status_code for _ in range(4)] == [429, 429, 200, 200]
    assert post(sim, "hi", headers={"X-Simulate-Error": "429*2;other case"}).status_code == 429
    overloaded = post(sim, "hi", headers={"X-Simulate-Error": "overloaded", "X-Simulate-Retry-After": "0.5"})
    assert overloaded.json()["error"]["type"] == "engine_overloaded_error"
    assert overloaded.headers["Retry-After"] == "0.5"
    assert post(sim, "hi", headers={"X-Simulate-Error": "quota"}).json()["error"]["type"].endswith("quota_error")
    gateway = post(sim, "hi", headers={"X-Simulate-Error": "504"})
    assert gateway.headers["content-type"].startswith("text/html")
    for header in ("X-Simulate-Error", "X-Simulate-Cut", "X-Simulate-Stall", "X-Simulate-Midstream-Error"):
        typo = post(sim, "hi", headers={header: "not so"})
        assert typo.status_code == 400
        assert "not so" in typo.text or "unknown" in typo.text


def test_errors_by_option() -> None:
    with Simulator(pace=0, error=503) as sim:
        assert [post(sim, "hi").status_code for _ in range(3)] == [503] * 3
    with Simulator(pace=0, error="429*1") as sim:
        assert [post(sim, "hi").status_code for _ in range(2)] == [429, 200]
    with pytest.raises(ValueError, match="unknown simulated error"):
        Simulator(error=999)


def test_cut_connections(sim: Simulator) -> None:
    body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    headers = {"Authorization": f"Bearer {sim.api_key}", "X-Simulate-Cut": "4"}
    received = b""
    with (  # noqa: PT012 - the stream has to be opened before it can break
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("POST", f"{sim.base_url}/chat/completions", json=body, headers=headers) as response,
    ):
        for part in response.iter_bytes():
            received += part
    assert received.count(b"\n\n") == 4
    with pytest.raises(httpx.RemoteProtocolError):
        post(sim, "hi", headers={"X-Simulate-Cut": "0"})


@pytest.mark.parametrize("order", ["0.3", "0.3@2", "0.3@head"])
def test_stalls(sim: Simulator, order: str) -> None:
    begun = time.monotonic()
    frames(post(sim, "hi", stream=True, headers={"X-Simulate-Stall": order}))
    assert 0.3 <= time.monotonic() - begun < 15


def test_errors_within_a_stream(sim: Simulator) -> None:
    response = post(sim, "hi", stream=True, headers={"X-Simulate-Midstream-Error": "500@2"})
    events = response.content.split(b"\n\n")
    assert len(events) == 4
    assert json.loads(events[2].removeprefix(b"data: "))["error"]["type"] == "server_error"


def test_pace(sim: Simulator) -> None:
    with Simulator(pace=0.01) as paced:
        begun = time.monotonic()
        chunks = frames(post(paced, "capital of France?", stream=True))
        elapsed = time.monotonic() - begun
    tokens = chunks[-1]["choices"][0]["usage"]["completion_tokens"]
    assert 0.01 * tokens <= elapsed < 0.1 * tokens + 10


def test_concurrent_requests_and_connections(sim: Simulator) -> None:
    with httpx.Client(headers={"Authorization": f"Bearer {sim.api_key}"}, timeout=30) as client:
        body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "17 * 23"}]}
        for _ in range(5):
            assert client.post(f"{sim.base_url}/chat/completions", json=body).status_code == 200
    assert sim.connections == 1
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(message(post(sim, f"{n} * 2"))["content"]))
        for n in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"{n} × 2 = {2 * n}." for n in range(50))
    assert sim.connections == 51
    assert len(sim.requests) == 55


def test_closing_cuts_streams_at_once() -> None:
    sim = Simulator(pace=0.05).start()
    url, key = f"{sim.base_url}/chat/completions", sim.api_key
    body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "count to 900"}], "stream": True}
    with httpx.stream("POST", url, json=body, headers={"Authorization": f"Bearer {key}"}) as response:
        stream = response.iter_bytes()
        next(stream)
        begun = time.monotonic()
        sim.close()
        assert time.monotonic() - begun < 20  # to its end the answer would have taken more than a minute
        with pytest.raises(httpx.TransportError):
            for _ in stream:
                pass
    sim.close()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sim.base_url
    with sim:
        assert message(post(sim, "say: again", thinking={"type": "disabled"}))["content"] == "again"


def test_only_on_loopback() -> None:
    for host in ("0.0.0.0", "::", "192.168.0.1", "example.com", ""):
        with pytest.raises(ValueError, match="loopback"):
            Simulator(host=host)
    for option in ({"dialect": "nobody"}, {"usage": "nowhere"}, {"pace": -1}):
        with pytest.raises(ValueError, match=r"."):
            Simulator(**option)
    with Simulator(host="localhost") as sim, pytest.raises(OSError, match="in use"):
        Simulator(port=int(sim.base_url.split(":")[2].split("/")[0])).start()


def test_without_aiohttp_the_import_says_what_to_install() -> None:
    code = "import sys; sys.modules['aiohttp'] = None; import kimistream.simulator"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "ImportError: the simulator needs aiohttp: pip install aiohttp" in failed.stderr
