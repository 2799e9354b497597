"""In a real kernel: what is drawn while it comes, and Stop. What had come is still there, and the session goes on."""

from __future__ import annotations

import time

import pytest
from fault_server_client import DONE, FaultServer, Script
from kit import KEY, call_frame, frame, stalled, stream_of, wait_until
from notebook_kit import Kernel
from terminal_kit import posix_only

pytestmark = [posix_only, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

STALLED = stalled(frame("One "), frame("two"))
THINKS = stalled(frame(reasoning_content="Let me <b>see</b>"), frame("One "), frame("two"))
SILENCE = 2.0  # seconds until a kernel's loop has nothing left to do: before that Stop is in time by luck
START = f"""
import kimistream
client = kimistream.Kimi('{KEY}', base_url='{{url}}', max_retries=0)
loops = kimistream.AsyncKimi('{KEY}', base_url='{{url}}', max_retries=0)
"""
FREE = "del stream\nimport gc; _ = gc.collect()"


def stop(kernel: Kernel, request: str) -> str:
    """Presses Stop when the kernel has been silent for a while; gives the name of what the cell ended with."""
    time.sleep(SILENCE)
    kernel.interrupt()
    reply = kernel.reply(request)
    assert reply["status"] == "error", reply
    return str(reply["ename"])


# ---- Stop -----------------------------------------------------------------------------------------------------------

CELLS = {
    "stream": "stream = client.stream('hi')\nfor each in stream: print(each.text, end='|', flush=True)",
    "chunks": "stream = client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'hi'}], "
    "stream=True)\nfor each in stream: print(each.choices[0].delta.content, end='|', flush=True)",
    "asyncio": "stream = loops.stream('hi')\nasync for each in stream: print(each.text, end='|', flush=True)",
    "message": "stream = loops.stream('hi')\nasync with stream:\n    print('One |two|', flush=True)\n"
    "    await stream.message",
}


@pytest.mark.parametrize("way", CELLS)
def test_stop_ends_a_cell_that_waits_in_silence(way: str, kernel: Kernel, fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    kernel.run(START.format(url=url))
    request = kernel.begin(CELLS[way])
    kernel.shows(request, "One |two|")
    assert stop(kernel, request) in ("KeyboardInterrupt", "CancelledError")
    kernel.run("print('kept:', stream.partial.text, stream.partial.finish_reason)", "kept: One two None")
    if way not in ("asyncio", "chunks", "stream"):  # what a loop has left open stays so until it is dropped
        fault_server.wait_closed(url=url)
    kernel.run(FREE)


def test_stop_ends_an_asynchronous_function_that_a_run_waits_for(kernel: Kernel, fault_server: FaultServer) -> None:
    calls = [call_frame(0, "c1", "doze", "{}"), frame(finish_reason="tool_calls"), DONE]
    url = fault_server.url(Script().event_stream(calls))
    kernel.run(START.format(url=url))
    request = kernel.begin(
        "import asyncio\n"
        "async def doze():\n"
        "    'Sleeps.'\n"
        "    print('dozing', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "stream = loops.run('hi', [doze])\n"
        "await stream.message"
    )
    kernel.shows(request, "dozing")
    assert stop(kernel, request) == "CancelledError"
    kernel.run(FREE)


def test_stop_ends_rows_that_are_awaited(kernel: Kernel, fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    kernel.run(START.format(url=url))
    request = kernel.begin(
        "print('asking', flush=True)\nstream = loops.map(['a', 'b'], progress=False)\nasync for row in stream: pass"
    )
    kernel.shows(request, "asking")
    wait_until(lambda: fault_server.attempts(url) == 2)
    assert stop(kernel, request) == "CancelledError"
    kernel.run(FREE)


# ---- drawn while it comes -------------------------------------------------------------------------------------------


def test_what_came_is_drawn_in_one_output_also_when_nothing_more_comes(
    kernel: Kernel, fault_server: FaultServer
) -> None:
    url = fault_server.url(THINKS)
    kernel.run(START.format(url=url))
    request = kernel.begin("stream = client.stream('hi')\nstream")
    drawn = kernel.draws(request, "One two")  # nothing more comes: that it is drawn has no other cause than the time
    assert drawn["msg_type"] == "update_display_data"
    assert "Let me &lt;b&gt;see" in drawn["content"]["data"]["text/html"]
    assert stop(kernel, request) == "KeyboardInterrupt"
    last = kernel.draws(request, "stopped")
    assert "One two" in last["content"]["data"]["text/html"]
    assert last["content"]["transient"] == drawn["content"]["transient"]
    fault_server.wait_closed(url=url)
    kernel.run("print('kept:', stream.partial.text)", "kept: One two")
    (shown,) = kernel.run("stream")  # anew: what it was
    assert shown["msg_type"] == "execute_result"
    assert "One two" in shown["content"]["data"]["text/html"]
    kernel.run(FREE)


def test_a_stream_that_ends_leaves_one_output(kernel: Kernel, fault_server: FaultServer) -> None:
    words = [f"word{number} " for number in range(2000)]
    kernel.run(START.format(url=fault_server.url(stream_of(*words))))
    first, *updates = kernel.run("stream = client.stream('hi')\nstream")
    assert first["msg_type"] == "display_data"
    assert {each["msg_type"] for each in updates} == {"update_display_data"}
    assert len(updates) < 500, "not for each word"
    last = updates[-1]["content"]
    assert last["transient"]["display_id"] == first["content"]["transient"]["display_id"]
    assert "word1999" in last["data"]["text/plain"]
    assert "22 tokens" in last["data"]["text/plain"]
    assert set(last["data"]) >= {"text/plain", "text/markdown"}
    kernel.run("print(stream.message.finish_reason)", "stop")


def test_an_asynchronous_stream_is_drawn_while_the_notebook_goes_on(kernel: Kernel, fault_server: FaultServer) -> None:
    url = fault_server.url(THINKS)
    kernel.run(START.format(url=url))
    request = kernel.begin("stream = loops.stream('hi')\nstream")
    assert kernel.reply(request)["status"] == "ok"
    kernel.draws(request, "One two")
    kernel.run("print(6 * 7)", "42")
    kernel.run("await stream.close()")
    fault_server.wait_closed(url=url)
    kernel.run("print('kept:', stream.partial.text)", "kept: One two")
    kernel.run(FREE)


def test_an_error_on_the_way_is_drawn_with_what_came(kernel: Kernel, fault_server: FaultServer) -> None:
    kernel.run(START.format(url=fault_server.url(stream_of("One ", "two", finish=None))))
    *_, last = kernel.run("stream = client.stream('hi')\nstream")
    shown = last["content"]["data"]["text/html"]
    assert "One two" in shown
    assert "IncompleteStreamError" in shown
    assert KEY not in str(last)
