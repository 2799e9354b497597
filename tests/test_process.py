"""The life of a process: import, fork, exit with things open, and what is left behind."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fault_server_client import END_OF_BODY, FaultServer, as_chunk
from kit import DONE, KEY, USAGE, Script, answer, async_kimi, completion, frame, kimi, python, run, stalled, stream_of

import kimistream

posix_only = pytest.mark.skipif(os.name != "posix", reason="fork and /proc")
HEAVY = (
    "asyncio",
    "json",
    "typing",
    "dataclasses",
    "re",
    "inspect",
    "logging",
    "enum",
    "socket",
    "ssl",
    "http",
    "urllib",
)
START = """
import sys, threading, time, kimistream
client = kimistream.Kimi("sk-x", base_url=sys.argv[1], max_retries=0)
create = client.chat.completions.create
def daemon(target): threading.Thread(target=target, daemon=True).start()
def word(): sys.stdin.read()  # of the test: the server has all the requests
def patient(): asyncio.get_running_loop().slow_callback_duration = 600  # else a busy machine is complained of
"""


# ---- import ----------------------------------------------------------------------------------------------------------


def test_import_brings_nothing_heavy() -> None:
    """Measured against what bare Python has; the package is put on the path by hand, so that no .pth file counts."""
    program = """
import sys
before = set(sys.modules)
import kimistream
from kimistream import Kimi
Kimi("sk-x")
print(*sorted(set(sys.modules) - before))
"""
    done = python(loader() + program, flags=("-I", "-S"))
    assert done.returncode == 0, done.stderr
    brought = done.stdout.split()
    assert "kimistream._core" in brought
    assert [name for name in brought if name.split(".")[0] in HEAVY] == []


def loader() -> str:
    """An editable install is found by a hook that -S leaves out."""
    package, core = os.path.dirname(kimistream.__file__ or ""), sys.modules["kimistream._core"].__file__
    return f"""
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec
class Find:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "kimistream._core":
            return ModuleSpec(name, ExtensionFileLoader(name, {core!r}), origin={core!r})
sys.meta_path.insert(0, Find)
sys.path.insert(0, {os.path.dirname(package)!r})
"""


def test_asyncio_is_imported_by_those_who_ask_for_it() -> None:
    done = python("import sys, kimistream; before = 'asyncio' in sys.modules; kimistream.AsyncKimi;"
                  "print(before, 'asyncio' in sys.modules)")  # fmt: skip
    assert done.stdout.split()[1] == "True"


def test_an_interpreter_without_the_gil_is_told() -> None:
    """As free-threaded builds of CPython tell it (PEP 703); by themselves they do not where PYTHON_GIL=0 is set."""
    program = "import sys; sys._is_gil_enabled = lambda: {}; import kimistream; print('imported')"
    done = python(program.format(False))
    assert (done.returncode, done.stdout) == (0, "imported\n")
    assert "RuntimeWarning: kimistream needs the GIL" in done.stderr
    assert python(program.format(True)).stderr == ""
    refused = python(program.format(False), flags=("-W", "error"))
    assert refused.returncode == 1
    assert "RuntimeWarning: kimistream needs the GIL" in refused.stderr


# ---- fork ------------------------------------------------------------------------------------------------------------


def forked(act: Callable[[], bool]) -> int:
    """A child that ends with exit status 0 where what it does gives True."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if act() else 2
        finally:
            os._exit(code)
    return child


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_child_and_parent_both_go_on(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = kimi(url)
    assert client.stream("hi").message.text == "x"  # a connection is kept
    child = forked(lambda: all(client.stream("hi").message.text == "x" for _ in range(20)))
    assert all(client.stream("hi").message.text == "x" for _ in range(20))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert fault_server.attempts(url) == 41
    assert fault_server.stats()["connections"] >= 1


def gated_in_the_middle() -> Script:
    """The letter a; b when the gate is opened."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(frame("a")).gate()
    for each in answer("b")[1:]:
        script.chunk(each)
    return script.last_chunk().keep()


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_fork_with_a_stream_open(fault_server: FaultServer) -> None:
    """The stream is the parent's. The child is told so, and its end does not touch it."""
    other = fault_server.url(stream_of("x"))
    url = fault_server.url(gated_in_the_middle())
    stream = kimi(url).stream("hi")
    assert next(stream).text == "a"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            try:
                next(stream)
            except kimistream.InvalidRequestError as error:
                code = 0 if "parent" in str(error) and kimi(other).stream("hi").message.text == "x" else 2
            del stream
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    fault_server.open(url)
    assert stream.message.text == "ab"


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_child_that_closes_its_parents_stream_goes_on_with_a_connection_of_its_own(fault_server: FaultServer) -> None:
    script = gated_in_the_middle()
    for _ in range(2):
        script.attempt().event_stream(answer("x"))
    url = fault_server.url(script)
    client = kimi(url)
    stream = client.stream("hi")
    assert next(stream).text == "a"

    def goes_on() -> bool:
        first = client.stream("hi").message.text
        stream.close()
        return bool(first and client.stream("hi").message.text)

    child = forked(goes_on)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    fault_server.open(url)
    assert stream.message.text == "ab"


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_fork_and_asyncio(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = async_kimi(url)

    async def ask() -> str:
        return (await client.stream("hi").message).text

    assert run(ask()) == "x"
    child = forked(lambda: run(ask()) == "x")
    assert run(ask()) == "x"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_child_that_touches_nothing_holds_no_connection(fault_server: FaultServer) -> None:
    """Whatever the parent ends, the server sees its end, though the child goes on: streams, kept connections, clients
    that are gone, other threads' streams, and those of an event loop."""
    url = fault_server.url(stalled(frame("a")))
    kept = kimi(fault_server.url(stream_of("x")))
    assert kept.stream("hi").message.text == "x"
    client, gone = kimi(url), kimi(url)
    stream, orphan = client.stream("hi"), gone.stream("hi")
    del gone
    assert (next(stream).text, next(orphan).text) == ("a", "a")
    elsewhere = client.stream("hi")
    reader = threading.Thread(target=list, args=(elsewhere,))
    reader.start()
    (hold, let_go), (ready, begun) = os.pipe(), os.pipe()

    async def ask() -> int:
        loops = async_kimi(url)
        looped = await loops.stream("hi")
        assert (await anext(looped)).text == "a"
        descriptors = set(os.listdir("/proc/self/fd"))
        child = os.fork()
        if child == 0:
            os.close(let_go)
            os.write(begun, b".")
            os.read(hold, 1)
            os._exit(0)
        os.read(ready, 1)  # fork() returns in the parent before the child has closed anything
        theirs = set(os.listdir(f"/proc/{child}/fd")) if sys.platform == "linux" else set()
        assert len(theirs) <= len(descriptors) - 5  # the sockets; and what watches them
        for each in (stream, orphan, elsewhere, kept):
            each.close()
        await looped.close()
        await asyncio.to_thread(fault_server.wait_closed, count=5)
        return child

    child = run(ask())
    reader.join()
    for end in (let_go, hold, ready, begun):
        os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@posix_only
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_child_closes_nothing_of_its_own(fault_server: FaultServer) -> None:
    """The numbers of what was the parent's are the child's now; what it inherited lets go of nothing by number."""
    client, loops = kimi(fault_server.url(stalled(frame("a")))), async_kimi(fault_server.url(stalled(frame("a"))))
    stream, text = client.stream("hi"), fault_server.url(stream_of("x"))

    async def ask() -> int:
        looped = await loops.stream("hi")
        child = os.fork()
        if child > 0:
            assert (await anext(looped)).text == "a"
            return child
        code = 1
        try:
            own = [os.open(os.devnull, os.O_RDONLY) for _ in range(40)]
            stream.close()
            with pytest.raises(StopIteration):
                looped.close().send(None)
            asyncio._set_running_loop(None)
            held = [stream, looped]
            held.clear()
            loops._reactors.close()
            gc.collect()
            for each in own:
                os.fstat(each)
            code = 0 if kimi(text).stream("hi").message.text == "x" else 2
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(run(ask()), 0)[1]) == 0
    assert next(stream).text == "a"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_subprocesses_inherit_nothing(fault_server: FaultServer) -> None:
    # libcurl has a pair of UNIX sockets for each multi handle that it does not mark (7.88): nobody's connection.
    program = """
import os, socket
for name in os.listdir("/proc/self/fd"):
    try: link = os.readlink("/proc/self/fd/" + name)
    except OSError: continue  # the folder's own
    if link.startswith("socket:") and socket.socket(fileno=os.dup(int(name))).family == socket.AF_UNIX: continue
    if int(name) > 2 and link.startswith(("socket:", "anon_inode:")): print(name, link)
"""
    before = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, close_fds=False)
    stream = kimi(fault_server.url(stalled(frame("a")))).stream("hi")
    after = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, close_fds=False)
    assert before.stdout == after.stdout
    assert next(stream).text == "a"  # and nothing happens to the parent


@posix_only
def test_multiprocessing(fault_server: FaultServer) -> None:
    program = (
        START
        + """
import multiprocessing
def ask(_): return client.stream("hi").message.text
if __name__ == "__main__":
    ask(0)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print("".join(pool.map(ask, range(40))))
"""
    )
    done = python(program, fault_server.url(stream_of("x")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "x" * 40 + "\n", "")


# ---- exit ------------------------------------------------------------------------------------------------------------

EXITS = {
    "a stream open": 's = client.stream("hi"); next(s)',
    "a stream open in a cycle": 's = client.stream("hi"); next(s); a = [s]; a.append(a)',
    "chunks open": 's = create(model="m", messages=[{"role": "user", "content": "x"}], stream=True); next(s)',
    "an unread stream": 's = client.stream("hi")',
    "an iterator alone": 't = client.stream("hi").text; next(t)',
    "sys.exit in a loop": 'for _ in client.stream("hi"): sys.exit(0)',
    "a daemon thread inside next()": """
seen, s = [], client.stream("hi")
daemon(lambda: [seen.append(each) for each in s])
while len(seen) < 2: time.sleep(0.001)""",
    "daemon threads inside complete()": '[daemon(lambda: client.complete("hi")) for _ in range(4)]; word()',
    "an atexit handler that closes": 'import atexit; s = client.stream("hi"); atexit.register(s.close)',
    "asyncio with a stream open": """
import asyncio
async def main():
    patient()
    global s, other
    other = kimistream.AsyncKimi('sk-x', base_url=sys.argv[1])
    s = other.stream("hi")
    async for _ in s: break
asyncio.run(main())""",
    "asyncio with a task inside": """
import asyncio
async def main():
    patient()
    other = kimistream.AsyncKimi('sk-x', base_url=sys.argv[1])
    come = []
    async def read():
        async for each in other.stream("hi"): come.append(each)
    global task
    task = asyncio.create_task(read())
    while len(come) < 2: await asyncio.sleep(0.001)
asyncio.run(main())""",
    "a loop that was never closed": """
import asyncio
loop = asyncio.new_event_loop()
other = kimistream.AsyncKimi('sk-x', base_url=sys.argv[1])
async def main():
    global s
    s = other.stream("hi")
    async for _ in s: break
loop.run_until_complete(main())
""",
}  # fmt: skip


@pytest.mark.parametrize("way", EXITS)
@pytest.mark.parametrize("flags", [(), ("-X", "dev", "-W", "error")], ids=["plain", "dev"])
def test_a_clean_exit_with(way: str, flags: tuple[str, ...], fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One"), frame("two")))
    if "never closed" in way and flags:
        pytest.skip("asyncio itself warns of a loop that was not closed")
    requests = 4 if "threads" in way else 1
    done = python(START + EXITS[way], url, flags=flags, until=lambda: fault_server.attempts(url) == requests)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fault_server.wait_closed(url=url, count=requests)


@pytest.mark.parametrize("what", ["list(client.stream('hi'))", "client.complete('hi')"])
def test_a_clean_exit_while_daemon_threads_are_busy(what: str, fault_server: FaultServer) -> None:
    """They want the GIL back just when the interpreter ends."""
    program = (
        START
        + f"""
def work():
    while True: {what}
for _ in range(4): daemon(work)
word()"""
    )
    dripping = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    dripping.split(300, 0.05, as_chunk(frame("x")) * 500)
    dripping.send(b"".join(map(as_chunk, answer()[1:])) + END_OF_BODY).keep()  # and once more from the beginning
    script = dripping if "stream" in what else Script().json(200, completion())
    for _ in range(5):
        url = fault_server.url(script)
        done = python(program, url, until=lambda url=url: fault_server.attempts(url) >= 8)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "on_exit"), reason="on_exit is glibc's")
@pytest.mark.parametrize("what", ["list(client.stream('hi'))", "client.complete('hi')"])
def test_daemon_threads_stand_still_while_the_process_ends(what: str, fault_server: FaultServer) -> None:
    """What is static in libraries is destroyed then. Two seconds in which nothing else happens come behind that."""
    program = f"""
import ctypes
ctypes.CDLL(None).on_exit(ctypes.CDLL(None).sleep, None)  # with the exit status, and after what is registered later
{START}
def work():
    while True: {what}
for _ in range(4): daemon(work)
word()
sys.exit(2)"""
    # Each connection's next answer waits until the process sleeps.
    whole = stream_of("x") if "stream" in what else Script().json(200, completion())
    url = fault_server.url("".join([str(whole), "---\n"] * 8 + [str(Script().sleep(700)), str(whole)]))
    done = python(program, url, until=lambda: fault_server.attempts(url) >= 12)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_an_exception_at_the_top_shows_no_key(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}))
    program = "import sys, kimistream; kimistream.Kimi(base_url=sys.argv[1]).complete('hi')"
    done = python(program, url, MOONSHOT_API_KEY=KEY)
    assert done.returncode == 1
    assert "AuthenticationError" in done.stderr
    assert KEY not in done.stderr


# ---- what is left behind ---------------------------------------------------------------------------------------------


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@posix_only
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc")
def test_streams_leave_no_descriptors(fault_server: FaultServer) -> None:
    whole, silent = fault_server.url(stream_of("x")), fault_server.url(stalled(frame("One")))
    client, other = kimi(whole), kimi(silent)

    def use(times: int) -> None:
        for number in range(times):
            list(client.stream("hi"))
            stream = other.stream("hi")
            if number % 3:
                next(stream)
            if number % 2:
                stream.close()
            del stream

    use(10)
    before = descriptors()
    use(300)
    assert descriptors() <= before + 2
    clients = [kimi(whole) for _ in range(50)]
    for each in clients:
        list(each.stream("hi"))
    clients.clear()
    del each
    assert descriptors() <= before + 2


@posix_only
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc")
def test_event_loops_leave_no_descriptors(fault_server: FaultServer) -> None:
    whole, silent = fault_server.url(stream_of("x")), fault_server.url(stalled(frame("One")))
    client, other = async_kimi(whole), async_kimi(silent)

    async def use() -> None:
        for _ in range(10):
            _ = await client.stream("hi").message
            async for _ in other.stream("hi"):
                break

    run(use())
    gc.collect()
    before = descriptors()
    for _ in range(30):
        run(use())
    gc.collect()
    assert descriptors() <= before + 2


def test_chunks_leave_no_objects(fault_server: FaultServer) -> None:
    body = frame("some text ")
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    end = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (frame(finish_reason="stop", usage=USAGE), DONE))
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).repeat(20_000, chunk).send(end)
    url = fault_server.url(script.last_chunk().keep())
    client = kimi(url)
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}

    def read(use: Any) -> int:
        count = 0
        for each in use():
            count += 1
            _ = each.choices[0].delta.content if hasattr(each, "choices") else each.type
        return count

    def texts() -> Any:
        return client.stream("hi")

    def chunks() -> Any:
        for number, each in enumerate(client.chat.completions.create(**asked)):
            if number % 10 == 0:
                repr(each)
                each.model_dump()
            yield each

    for use in (texts, chunks):
        assert read(use) > 20_000
        gc.collect()
        before = sys.getallocatedblocks()
        read(use)
        gc.collect()
        assert sys.getallocatedblocks() - before < 500


def test_errors_leave_no_objects(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": {"message": "m"}}))
    client = kimi(url)

    def fail(times: int) -> None:
        for _ in range(times):
            with pytest.raises(kimistream.RateLimitError):
                client.complete("hi")

    fail(20)
    gc.collect()
    before = sys.getallocatedblocks()
    fail(200)
    gc.collect()
    assert sys.getallocatedblocks() - before < 500


def test_a_reader_that_stops_reading_stops_the_server(fault_server: FaultServer) -> None:
    """What has been received and not been read is bounded."""
    body = frame("x" * 1000)
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    url = fault_server.url(
        Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).repeat(400_000, chunk)
    )
    with kimi(url).stream("hi") as stream:
        for _, _event in zip(range(20), stream, strict=False):
            time.sleep(0.01)
        partial = stream.partial
        assert partial is not None
        assert len(partial.text) < 8_000_000
