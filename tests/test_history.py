"""`Kimi(history=...)`: each exchange of a client, behind its answer, without a key."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer
from history_kit import entries, found, known
from kit import (
    DONE,
    KEY,
    Script,
    answer,
    async_kimi,
    call_frame,
    completion,
    cut,
    drain,
    frame,
    kimi,
    python,
    run,
    stalled,
    stream_of,
)

from kimistream import (
    APIConnectionError,
    APITimeoutError,
    AsyncKimi,
    AuthenticationError,
    IncompleteStreamError,
    InvalidRequestError,
    Kimi,
)

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "Why?"}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KIMISTREAM_HISTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


# ---- what is kept ---------------------------------------------------------------------------------------------------


def test_a_stream(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(Script().event_stream([frame(reasoning_content="Hm."), *answer("Because ", "it is.")]))
    with kimi(url, history=path).stream("Why?", temperature=1) as stream:
        message = stream.message
    (entry,) = entries(path, 1)
    assert entry.facts["prompt"] == "Why?"
    assert entry.facts["ended"] == "clean"
    assert entry.message is not None
    assert (entry.message["reasoning"], entry.message["content"]) == ("Hm.", "Because it is.")
    assert entry.message["usage"] == message.to_dict()["usage"]
    assert entry.recorded.body["temperature"] == 1
    assert entry.recorded.url(entry.origin) == f"{url}/chat/completions"
    assert entry.facts["seconds"] >= entry.recorded.pieces[-1][0]


def test_a_whole_answer_and_the_openai_shape(fault_server: FaultServer, path: Path) -> None:
    whole = fault_server.url(Script().json(200, completion("Hello")))
    streamed = fault_server.url(stream_of("Hello"))
    kimi(whole, history=str(path)).complete("Why?")
    kimi(whole, history=path).chat.completions.create(**ASKED)
    list(kimi(streamed, history=path).chat.completions.create(stream=True, **ASKED))
    assert [entry.facts["answer"] for entry in entries(path, 3)] == ["Hello"] * 3


def test_asyncio(fault_server: FaultServer, path: Path) -> None:
    whole = fault_server.url(Script().json(200, completion("Hello")))
    streamed = fault_server.url(stream_of("Hello"))

    async def ask() -> None:
        client = async_kimi(streamed, history=path)
        await drain(client.stream("Why?"))
        await drain(await client.chat.completions.create(stream=True, **ASKED))
        await async_kimi(whole, history=path).complete("Why?")
        await asyncio.gather(*(client.stream("Why?").message for _ in range(5)))

    run(ask())
    assert [(entry.facts["answer"], entry.facts["ended"]) for entry in entries(path, 8)] == [("Hello", "clean")] * 8


def test_resources_and_tool_calls(fault_server: FaultServer, path: Path) -> None:
    models = fault_server.url(Script().json(200, {"object": "list", "data": [{"id": "kimi-k2.6"}]}))
    list(kimi(models, history=path).models.list())
    call = [call_frame(0, "f:0", "f", '{"a"'), call_frame(0, arguments=": 1}"), frame(finish_reason="tool_calls"), DONE]
    kimi(fault_server.url(Script().event_stream(call)), history=path).stream("Why?").message  # noqa: B018
    listed, called = entries(path, 2)
    assert (listed.facts["method"], listed.message) == ("GET", None)
    assert called.facts["answer"] == 'f({"a": 1})'


def test_a_refusal(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(Script().json(401, {"error": {"message": f"bad key {KEY}", "type": "invalid"}}))
    with pytest.raises(AuthenticationError):
        kimi(url, history=path).complete("Why?")
    (entry,) = entries(path, 1)
    assert entry.facts["status"] == 401
    assert "bad key" in entry.facts["error"]


def test_each_attempt_is_one(fault_server: FaultServer, path: Path) -> None:
    busy = Script().json(503, {"error": {"message": "busy"}}, {"Retry-After": "0"})
    url = fault_server.url(f"{busy}{Script().attempt()}{stream_of('Hello')}")
    assert kimi(url, history=path, max_retries=1).stream("Why?").message.text == "Hello"
    assert [entry.facts["status"] for entry in entries(path, 2)] == [503, 200]


def test_no_connection(path: Path) -> None:
    with pytest.raises(APIConnectionError):
        kimi("http://127.0.0.1:9/v1", history=path).complete("Why?")
    (entry,) = entries(path, 1)
    assert (entry.facts["ended"], entry.facts["status"]) == ("refused", None)
    assert entry.facts["error"]


def test_a_cut_with_what_had_come(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(cut(frame(reasoning_content="Hm."), frame("Half an ")))
    with pytest.raises(IncompleteStreamError):
        kimi(url, history=path).stream("Why?").message  # noqa: B018
    (entry,) = entries(path, 1)
    assert entry.facts["ended"] == "reset"
    assert entry.message is not None
    assert (entry.message["reasoning"], entry.message["content"]) == ("Hm.", "Half an ")
    assert entry.facts["error"]


def test_a_timeout_with_what_had_come(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    with pytest.raises(APITimeoutError):
        for _ in kimi(url, history=path, timeout=2).stream("Why?"):
            pass
    (entry,) = entries(path, 1)
    assert (entry.facts["ended"], entry.recorded.clock, entry.facts["answer"]) == ("timeout", "idle", "Half an")


def test_a_stream_that_is_left(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    with kimi(url, history=path).stream("Why?") as stream:
        next(stream)
    (entry,) = entries(path, 1)
    assert (entry.facts["ended"], entry.facts["answer"], entry.facts["error"]) == ("left", "Half an", None)


def test_a_cancelled_task(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))

    async def ask() -> None:
        client = async_kimi(url, history=path)
        seen = asyncio.Event()

        async def read() -> None:
            async with client.stream("Why?") as stream:
                async for _ in stream:
                    seen.set()

        task = asyncio.create_task(read())
        await seen.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    run(ask())
    (entry,) = entries(path, 1)
    assert (entry.facts["ended"], entry.facts["answer"]) == ("left", "Half an")


# ---- where, and whether ---------------------------------------------------------------------------------------------


def test_it_is_off_by_default_and_then_costs_nothing(fault_server: FaultServer, tmp_path: Path) -> None:
    program = """
import sys, threading, kimistream
client = kimistream.Kimi("sk-x", base_url=sys.argv[1])
assert client.stream("hi").message.text == "Hello"
assert not [name for name in sys.modules if name.startswith("kimistream.recording") or "sqlite3" in name]
assert threading.active_count() == 1
"""
    done = python(program, fault_server.url(stream_of("Hello")), XDG_DATA_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_opened_or_begun_by_a_client_that_asks_nothing(path: Path) -> None:
    """Of the file; the thread waits."""
    Kimi(KEY, history=path)
    assert not path.exists()


def test_the_variable_alone_switches_it_on(
    fault_server: FaultServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.url(stream_of("Hello"))
    monkeypatch.setenv("KIMISTREAM_HISTORY", str(path))
    kimi(url, history=False).stream("not kept").message  # noqa: B018
    kimi(url).stream("kept").message  # noqa: B018
    kimi(url, history=True).stream("kept too").message  # noqa: B018
    kimi(url, history=path.parent / "other").stream("elsewhere").message  # noqa: B018
    assert [entry.facts["prompt"] for entry in entries(path, 2)] == ["kept", "kept too"]
    assert [entry.facts["prompt"] for entry in entries(path.parent / "other", 1)] == ["elsewhere"]


def test_the_usual_place(fault_server: FaultServer, tmp_path: Path) -> None:
    kimi(fault_server.url(stream_of("Hello")), history=True).stream("Why?").message  # noqa: B018
    entries(tmp_path / "data" / "kimistream" / "history.sqlite3", 1)


@pytest.mark.parametrize("client", [Kimi, AsyncKimi])
def test_a_file_that_is_no_history_is_refused_before_anything_is_sent(client: Any, path: Path) -> None:
    path.write_text("Dear aunt")
    with pytest.raises(InvalidRequestError, match="no history of kimistream"):
        client(KEY, history=path)
    assert path.read_text() == "Dear aunt"
    with pytest.raises(TypeError, match="history must be"):
        client(KEY, history=1)


def test_the_variable_of_the_key_is_kept_and_not_the_key(
    fault_server: FaultServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.url(stream_of("Hello"))
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    Kimi(base_url=url, history=path).stream("from the variable").message  # noqa: B018
    Kimi(KEY, base_url=url, history=path).stream("passed").message  # noqa: B018
    Kimi(KEY, provider="openrouter", base_url=url, history=path).stream("another's").message  # noqa: B018
    monkeypatch.delenv("MOONSHOT_API_KEY")
    monkeypatch.setenv("KIMISTREAM_API_KEY", KEY)
    Kimi(base_url=url, history=path).stream("anybody's").message  # noqa: B018
    Kimi("", base_url=url, history=path).stream("none").message  # noqa: B018
    variables = [entry.origin.key_variable for entry in entries(path, 5)]
    assert variables == ["MOONSHOT_API_KEY", "MOONSHOT_API_KEY", "OPENROUTER_API_KEY", "KIMISTREAM_API_KEY", ""]


def test_no_key_anywhere(fault_server: FaultServer, path: Path) -> None:
    """In what was sent, in what a server says, in base64; searched for in the file and in all that is made of it."""
    from kimistream.recording.exports import FORMS
    from kimistream.recording.viewing.shown import shown

    secrets = {KEY, "sk-own-0123456789", "cookie-0123456789"}
    hidden = [
        base64.b64encode(f"{pad}{secret}".encode()).decode()[4:-4] for secret in secrets for pad in ("", "x", "xx")
    ]
    headers = {"Set-Cookie": "session=cookie-0123456789", "X-Echo": KEY, "Content-Type": "application/json"}
    half = len(KEY) // 2
    echo = Script().head(200, {"Content-Type": "text/event-stream", "Set-Cookie": "s=cookie-0123456789"}, chunked=True)
    said = frame(f"your key is {KEY}, in base64 {base64.b64encode(f'x{KEY}'.encode()).decode()}")
    cut_at = said.index(KEY.encode()) + half
    for part in (said[:cut_at], said[cut_at:], *answer("x")):
        echo.chunk(part)
    url = fault_server.url(echo.last_chunk().keep())
    refused = fault_server.url(Script().json(401, {"error": {"message": f"bad key {KEY}"}}, headers))
    own = {"X-Api-Key": "sk-own-0123456789", "Cookie": "session=cookie-0123456789"}
    kimi(url, history=path, default_headers=own).stream(f"is {KEY} right?").message  # noqa: B018
    with pytest.raises(AuthenticationError):
        kimi(refused, history=path, default_headers=own).complete("Why?")
    both = entries(path, 2)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        everything = "\n".join(connection.iterdump())
    for entry in both:
        everything += json.dumps([entry.facts, entry.message, shown(entry), entry.recorded.line], ensure_ascii=False)
        everything += "".join(export(entry) for export in FORMS.values())
    everything += "".join(file.read_bytes().decode("latin-1") for file in path.parent.glob("history*"))
    for secret in (*secrets, *hidden):
        assert secret not in everything
    assert "your key is" in everything


# ---- behind the answer ----------------------------------------------------------------------------------------------


def test_many_threads_and_one_file(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))

    def ask(name: str) -> None:
        client = kimi(url, history=path)
        for place in range(5):
            client.stream(f"{name} {place}").message  # noqa: B018

    threads = [threading.Thread(target=ask, args=(f"thread {place}",)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({entry.facts["prompt"] for entry in entries(path, 30)}) == 30
    assert sum(thread.name == "kimistream-history" for thread in threading.enumerate()) >= 1


ASK = """
import sys, kimistream
client = kimistream.Kimi("sk-x", base_url=sys.argv[1], max_retries=0, history=sys.argv[2])
"""


def test_it_is_written_when_the_process_ends_without_close(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    done = python(ASK + "for _ in range(20): client.stream('hi').message", url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(known(path)) == 20  # now, and not soon


def test_several_processes_write_one_file(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    program = ASK + "for place in range(10): client.stream(f'{sys.argv[3]} {place}').message"
    threads = [
        threading.Thread(target=lambda name: results.append(python(program, url, str(path), name)), args=(str(place),))
        for place in range(3)
    ]
    results: list[Any] = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(done.returncode, done.stderr) for done in results] == [(0, "")] * 3
    assert len({facts["prompt"] for facts in known(path)}) == 30


def test_a_stream_that_is_open_at_the_end(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    done = python(ASK + "stream = client.stream('hi'); next(stream)", url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [(facts["ended"], facts["answer"]) for facts in known(path)] == [("left", "Half an")]


def test_a_daemon_thread_that_reads_at_the_end(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    program = ASK + (
        "import threading\nseen = threading.Event()\n"
        "def read():\n    for _ in client.stream('hi'): seen.set()\n"
        "threading.Thread(target=read, daemon=True).start()\nseen.wait()"
    )
    done = python(program, url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [(facts["ended"], facts["answer"]) for facts in known(path)] == [("left", "Half an")]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("kept", ["stream = client.stream('hi')", "stream = iter(client.stream('hi'))"])
def test_ctrl_c(fault_server: FaultServer, path: Path, kept: str) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    program = ASK + f"import os, signal\n{kept}\nfor event in stream: os.kill(os.getpid(), signal.SIGINT)"
    done = python(program, url, str(path))
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr
    assert [(facts["ended"], facts["answer"]) for facts in known(path)] == [("left", "Half an")]


def test_an_exception_at_the_top(fault_server: FaultServer, path: Path) -> None:
    done = python(ASK + "client.stream('hi').message", fault_server.url(cut(frame("Half an "))), str(path))
    assert "IncompleteStreamError" in done.stderr
    assert [facts["answer"] for facts in known(path)] == ["Half an"]


FORK = """
import os
client.stream("parent before").message
child = os.fork()
client.stream("child" if child == 0 else "parent after").message
if child == 0: sys.exit()
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_fork(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    done = python("import warnings; warnings.simplefilter('ignore')\n" + ASK + FORK, url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(facts["prompt"] for facts in known(path)) == ["child", "parent after", "parent before"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_stream_that_is_open_at_the_fork_is_the_parent_s(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(frame("Half an ")))
    program = ASK + (
        "import os\nstream = client.stream('hi'); next(stream)\nchild = os.fork()\n"
        "if child == 0: sys.exit()\nos.waitpid(child, 0)\nstream.close()"
    )
    done = python("import warnings; warnings.simplefilter('ignore')\n" + program, url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [facts["ended"] for facts in known(path)] == ["left"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_forks_beside_a_busy_writer(fault_server: FaultServer, path: Path) -> None:
    """The child's SQLite must not hold what the parent's writer held."""
    url = fault_server.url(stream_of("Hello"))
    program = ASK + (
        "import os\n"
        "for place in range(8):\n"
        "    client.stream(f'parent {place}').message\n"
        "    if os.fork() == 0:\n"
        "        client.stream(f'child {place}').message\n"
        "        sys.exit()\n"
        "for _ in range(8): assert os.wait()[1] == 0\n"
    )
    done = python("import warnings; warnings.simplefilter('ignore')\n" + program, url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert len({facts["prompt"] for facts in known(path)}) == 16


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(fault_server: FaultServer, path: Path, method: str, tmp_path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("not here")
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, sys, kimistream\n"
        "def ask(place):\n"
        "    client = kimistream.Kimi('sk-x', base_url=sys.argv[1], history=sys.argv[2])\n"
        "    client.stream(f'child {place}').message\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(sys.argv[3])\n"
        "    workers = [context.Process(target=ask, args=(place,)) for place in range(3)]\n"
        "    for worker in workers: worker.start()\n"
        "    for worker in workers: worker.join()\n"
        "    sys.exit(max(worker.exitcode for worker in workers))\n"
    )
    url = fault_server.url(stream_of("Hello"))
    command = [sys.executable, str(program), url, str(path), method]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(facts["prompt"] for facts in known(path)) == ["child 0", "child 1", "child 2"]


def test_search_finds_what_a_client_wrote(fault_server: FaultServer, path: Path) -> None:
    kimi(fault_server.url(stream_of("用正弦波之和")), history=path).stream("傅里叶").message  # noqa: B018
    entries(path, 1)
    assert found(path, "正弦") == found(path, "傅") == ["傅里叶"]


def test_a_row_of_one_s_own_is_read_elsewhere(fault_server: FaultServer, path: Path) -> None:
    """Its name is not known to the process that looks."""
    url = fault_server.url(Script().event_stream([frame(reasoning="Hm."), *answer("Yes.")]))
    row = f"kimistream.register_provider({{'name': 'mine', 'inherits': 'vllm', 'base_url': {url!r}}})"
    program = (
        f"import kimistream, sys\n{row}\nkimistream.Kimi('', provider='mine', history=sys.argv[1]).complete('Why?')"
    )
    assert python(program, str(path)).returncode == 0
    (entry,) = entries(path, 1)
    told = entry.recorded.tell(entry.origin, events=True)
    assert [event.type for _, event in told.events][:2] == ["thinking", "text"]
    assert sys.modules["kimistream"].providers()["mine"]["key_variables"] == []
