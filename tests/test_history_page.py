"""`kimistream log view`: who is answered, and what a browser shows."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")  # test_cli wants it
from fault_server_client import LONG_ENOUGH
from history_kit import frame_text, line, write
from test_cli import COMMAND, environment, posix_only, run

pytestmark = posix_only
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>[x](javascript:alert(1))'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@contextlib.contextmanager
def viewing(path: Path, *arguments: str) -> Iterator[str]:
    """The address of the page; it runs as long as the block."""
    command = [*COMMAND, "log", "--history", str(path), "view", "--no-browser", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().strip()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 130
            assert b"Traceback" not in errors
        finally:
            process.kill()


@pytest.fixture
def address(path: Path) -> Iterator[str]:
    write(path, line("Why is the sky blue?"))
    with viewing(path) as found:
        yield found


def get(address: str, target: str = "/", **headers: str) -> tuple[int, dict[str, str], bytes]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=LONG_ENOUGH)
    try:
        connection.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


# ---- who is answered ------------------------------------------------------------------------------------------------


def test_the_address(address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    status, headers, body = get(address)
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert b"kimistream" in body


def test_each_answer_forbids_what_comes_from_elsewhere(address: str) -> None:
    for target in ("/", "/static/app.js", "/static/style.css", "/static/icon.svg", "/api/exchanges", "/none"):
        _, headers, _ = get(address, target)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_no_resource_is_external() -> None:
    static = Path(sys.modules["history_kit"].schema.__file__).parent / "viewing" / "static"
    for file in static.iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import|innerHTML|outerHTML|insertAdjacentHTML|\beval\b", text), (
            file.name
        )


def test_a_name_that_leads_here_gets_nothing(address: str) -> None:
    """DNS rebinding: a page of evil.example whose name has become 127.0.0.1."""
    port = urlsplit(address).port
    for host in (f"evil.example:{port}", "evil.example", "127.0.0.1", f"127.0.0.1.evil.example:{port}", ""):
        for target in ("/", "/api/exchanges", "/api/news"):
            status, _, body = get(address, target, Host=host)
            assert status in (400, 403), host
            assert b"sky" not in body
    assert get(address, Host=f"localhost:{port}")[0] == 200


def test_another_site_s_page_gets_nothing(address: str) -> None:
    for site in ("cross-site", "same-site"):
        assert get(address, "/api/exchanges", Sec_Fetch_Site=site)[0] == 403
    assert get(address, "/api/exchanges", Sec_Fetch_Site="same-origin")[0] == 200
    assert "access-control-allow-origin" not in get(address, "/api/exchanges", Origin="http://evil.example")[1]


def test_it_listens_on_loopback_alone(address: str) -> None:
    port = urlsplit(address).port
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address")
        outer = probe.getsockname()[0]
    with pytest.raises(ConnectionRefusedError), socket.create_connection((outer, port), timeout=5):
        pass


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists() or os.name != "posix" or os.geteuid() != 0, reason="needs Linux and root"
)
def test_another_user_of_this_machine_gets_nothing(path: Path, address: str) -> None:
    program = (
        "import encodings.idna, os, sys, urllib.request, urllib.error\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
        "try: opener.open(sys.argv[1] + 'api/exchanges')\n"
        "except urllib.error.HTTPError as error: print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, address], capture_output=True, text=True, check=False)
    assert done.stdout == "403\n", done.stderr


def test_paths_lead_nowhere_else(address: str) -> None:
    for target in ("/static/../server.py", "/static/..%2fserver.py", "/static/%2e%2e/server.py", "/static/", "/x"):
        assert get(address, target)[0] in (403, 404)
    for target in ("/api/exchanges/9", "/api/exchanges/x", "/api/exchanges/1/as/x", "/api/exchanges/-1/raw"):
        assert get(address, target)[0] == 404


def test_what_it_tells(address: str, path: Path) -> None:
    write(path, line("What is the weather?"))
    assert [each["id"] for each in json.loads(get(address, "/api/exchanges")[2])] == [2, 1]
    assert [each["id"] for each in json.loads(get(address, "/api/exchanges?before=2")[2])] == [1]
    assert [each["id"] for each in json.loads(get(address, "/api/exchanges?search=the+WEATHER")[2])] == [2]
    shown = json.loads(get(address, "/api/exchanges/1")[2])
    assert shown["events"] == [[0.25, "thinking", "Hm."], [0.5, "text", "Because "], [1.0, "text", "it is."]]
    assert shown["request"]["body"]["messages"] == [{"role": "user", "content": "Why is the sky blue?"}]
    assert get(address, "/api/exchanges/1/raw")[2].decode() == "".join(text for _, text in json.loads(line())["pieces"])
    for form in ("curl", "python", "har", "cassette"):
        status, headers, body = get(address, f"/api/exchanges/1/as/{form}")
        assert status == 200
        assert headers["content-disposition"].startswith("attachment")
        assert b"sky" in body


def test_exchanges_come_as_server_sent_events(address: str, path: Path) -> None:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=LONG_ENOUGH)
    with contextlib.closing(connection):
        connection.request("GET", "/api/news?after=1")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        write(path, line("What is new?"))
        lines = []
        while not any(each.startswith("data:") for each in lines):
            lines.append(answer.readline().decode())
        assert "id: 2\n" in lines
        assert json.loads(lines[-1].removeprefix("data:"))["prompt"] == "What is new?"
        answer.close()


def test_a_port_that_is_taken(path: Path) -> None:
    write(path, line())
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = run("log", "--history", str(path), "view", "--no-browser", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot listen on port {port}" in done.stderr


def test_a_file_that_is_no_history(path: Path) -> None:
    path.write_text("Dear aunt")
    done = run("log", "--history", str(path), "view", "--no-browser")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no history of kimistream" in done.stderr


def test_without_aiohttp(path: Path, tmp_path: Path) -> None:
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "aiohttp" / "__init__.py").write_text("raise ImportError('hidden')")
    write(path, line())
    done = run("log", "--history", str(path), "view", "--no-browser", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert 'needs aiohttp: pip install aiohttp, or the extra "kimistream[history]"' in done.stderr


# ---- what a browser shows -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as the system has it, driven by playwright."""
    driver = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no chromium")
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab of its own. Errors of the page's own program, and what its policy had to forbid, fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(LONG_ENOUGH * 1000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    assert complaints == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []
    context.close()


def test_request_and_response_stand_side_by_side(tab: Any, path: Path) -> None:
    write(path, line("Why is the sky blue?"))
    with viewing(path) as address:
        tab.goto(address)
        request, response = tab.locator(".pane.request"), tab.locator(".pane.response")
        assert "Why is the sky blue?" in request.inner_text()
        assert "Because it is." in response.inner_text()
        left, right = request.bounding_box(), response.bounding_box()
        assert left["x"] + left["width"] <= right["x"]
        assert left["y"] == right["y"]


def test_thinking_is_folded(tab: Any, path: Path) -> None:
    write(path, line())
    with viewing(path) as address:
        tab.goto(address)
        thought = tab.get_by_text("Hm.", exact=True)
        assert not thought.is_visible()
        tab.locator(".response details.thinking summary").click()
        thought.wait_for(state="visible")


def test_what_was_said_is_text(tab: Any, path: Path) -> None:
    """In the list, in title, question, thinking, answer, calls, errors and raw; while it plays, too."""
    tool = {"index": 0, "id": "a", "type": "function", "function": {"name": HOSTILE, "arguments": HOSTILE}}
    pieces = [
        [0.1, frame_text(reasoning_content=HOSTILE)],
        [0.2, frame_text(content=f"{HOSTILE}\n```\n{HOSTILE}\n```")],
    ]
    pieces.append([0.3, frame_text(tool_calls=[tool]) + frame_text(finish="tool_calls") + "data: [DONE]\n\n"])
    write(path, line(HOSTILE, pieces=pieces), line(HOSTILE, status=400, pieces=[[0.1, HOSTILE]], type="text/plain"))
    with viewing(path) as address:
        tab.goto(f"{address}#1")
        tab.locator(".pane").first.wait_for()
        tab.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        tab.get_by_role("button", name="Play").click()
        tab.get_by_role("button", name="Play").wait_for()
        tab.goto(f"{address}#2")
        tab.locator(".error").wait_for()
        assert HOSTILE[:20] in tab.locator("#list").inner_text()
        assert tab.title() == "kimistream history"
        assert tab.locator("main img, main script, main a:not(.button), #list img").count() == 0


def test_exchanges_appear_as_they_come(tab: Any, path: Path) -> None:
    with viewing(path) as address:
        tab.goto(address)
        tab.get_by_text("Nothing has been recorded yet.").wait_for()
        tab.locator("#live.on").wait_for()
        write(path, line("Is this the first?"))
        tab.locator("#list").get_by_text("Is this the first?").wait_for()
        tab.locator(".pane.request").get_by_text("Is this the first?").wait_for()
        write(path, line("Is this the second?"))
        tab.locator("#list").get_by_text("Is this the second?").click()
        tab.locator(".pane.request").get_by_text("Is this the second?").wait_for()
        assert tab.locator(".row").first.inner_text().startswith("Is this the second?")


def test_search(tab: Any, path: Path) -> None:
    write(path, line("What is the weather?"), line("What is the time?"))
    with viewing(path) as address:
        tab.goto(address)
        tab.locator(".row").nth(1).wait_for()
        tab.locator("#search").fill("weather")
        tab.locator(".row").nth(1).wait_for(state="detached")
        assert "weather" in tab.locator(".row").inner_text()
        tab.locator("#search").fill("nothing like it")
        tab.get_by_text("Nothing with these words.").wait_for()


def test_a_stream_is_played_in_its_own_time(tab: Any, path: Path) -> None:
    """The clock of the page is the test's own."""
    pieces = [[1.0, frame_text(reasoning_content="Hm.")], [10.0, frame_text(content="Because ")]]
    pieces.append([20.0, frame_text(content="it is.") + frame_text(finish="stop") + "data: [DONE]\n\n"])
    write(path, line(pieces=pieces))
    with viewing(path) as address:
        tab.clock.install(time=0)
        tab.goto(address)
        answer = tab.locator(".response .answer")
        answer.get_by_text("Because it is.").wait_for()
        tab.get_by_role("button", name="Play").click()
        for seconds, shown in ((0.5, ""), (5, "Hm."), (10, "Because "), (5, "it is.")):
            if not shown:
                tab.clock.run_for(500)
                assert answer.inner_text().strip() == ""
                continue
            tab.clock.run_for(seconds * 1000)
            answer.get_by_text(shown.strip()).wait_for()
            if shown == "Hm.":
                assert "Because" not in answer.inner_text()
            if shown == "Because ":
                assert "it is." not in answer.inner_text()
                tab.get_by_label("Speed").select_option("20")
        tab.get_by_role("button", name="Play").wait_for()
        assert "Because it is." in answer.inner_text()


def test_a_long_conversation_and_a_picture(tab: Any, path: Path) -> None:
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    messages = [{"role": "user", "content": f"question {place}"} for place in range(10)]
    messages.append({"role": "user", "content": [{"type": "image_url", "image_url": {"url": dot}}]})
    write(path, line(messages=messages))
    with viewing(path) as address:
        tab.goto(address)
        tab.locator(".request img").wait_for()
        assert tab.locator(".request img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
        assert not tab.get_by_text("question 2", exact=True).is_visible()
        tab.get_by_text("7 earlier messages").click()
        tab.get_by_text("question 2", exact=True).wait_for(state="visible")


def test_it_is_copied_as_a_command(tab: Any, path: Path) -> None:
    write(path, line())
    with viewing(path) as address:
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab.goto(address)
        tab.get_by_role("button", name="curl").click()
        tab.get_by_text("Copied").wait_for()
        assert tab.evaluate("navigator.clipboard.readText()").startswith("curl 'https://api.moonshot.ai/v1/")


def test_a_picture_of_it(tab: Any, path: Path, tmp_path: Path) -> None:
    """For people who look: KIMISTREAM_SCREENSHOTS names a folder that keeps it."""
    write(path, line("Why is the sky blue?"))
    with viewing(path) as address:
        tab.goto(address)
        tab.locator(".pane.response").wait_for()
        folder = Path(os.environ.get("KIMISTREAM_SCREENSHOTS") or tmp_path)
        tab.screenshot(path=folder / "history.png")
        assert (folder / "history.png").stat().st_size > 10_000
