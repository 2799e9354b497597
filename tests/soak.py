"""Many requests and a tenth as many streams that are left, over plain HTTP and TLS: memory and descriptors stay flat.

    scripts/soak [--quick] [REQUESTS]

Each client asks in each of its ways, sync and asyncio by turns. What the process holds after a warm-up is compared with
what it holds at the end. Exit status 1 where it has grown, or where a request went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fault_server_client import FaultServer, Script
from kit import async_kimi, completion, frame, kimi, stalled, stream_of
from test_certificates import Certificate

import kimistream

REQUESTS, QUICK = 100_000, 2_000
LEFT = 10  # of so many requests one more is a stream that is left
MOST_GROWTH = 4 << 20  # bytes of memory: 40 for each of 100,000 requests, and what malloc does not give back
MOST_DESCRIPTORS = 2
AT_ONCE = 50  # of asyncio's
_ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}

# Ends TLS in front of a server that speaks none: a process of its own, so that its memory is not the client's.
_TLS_FRONT = """
import asyncio, ssl, sys
async def pump(reader, writer):
    try:
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    except OSError: pass
    finally: writer.close()
async def serve(reader, writer):
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[3]))
    await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""


@contextlib.contextmanager
def tls_front(port: int) -> Iterator[int]:
    """The port of a server that hands on to `port` what comes to it in TLS; SSL_CERT_FILE trusts it meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = Certificate(Path(folder) / "of", "IP:127.0.0.1")
        command = [sys.executable, "-c", _TLS_FRONT, str(certificate.file), str(certificate.key), str(port)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as front:
            assert front.stdin is not None
            assert front.stdout is not None
            before = os.environ.get("SSL_CERT_FILE")
            os.environ["SSL_CERT_FILE"] = str(certificate.file)
            try:
                yield int(front.stdout.readline())
            finally:
                front.stdin.close()
                if before is None:
                    del os.environ["SSL_CERT_FILE"]
                else:
                    os.environ["SSL_CERT_FILE"] = before


def memory() -> int:
    """Bytes that the process holds, without what malloc would give back if asked."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc's
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Soak:
    """One address, asked in every way."""

    def __init__(self, whole: str, json: str, open_ended: str) -> None:
        self.whole, self.json, self.open_ended = kimi(whole), kimi(json), kimi(open_ended)
        self.loops = [async_kimi(url) for url in (whole, json, open_ended)]

    def run(self, requests: int) -> None:
        """So many requests, and a tenth as many streams that are left."""
        while requests > 0:
            turn = min(requests, 500)
            requests -= turn
            self._blocking(turn // 2)
            asyncio.run(self._looping(turn - turn // 2))

    def close(self) -> None:
        for client in (self.whole, self.json, self.open_ended):
            client.close()
        self.loops.clear()

    def _blocking(self, requests: int) -> None:
        for number in range(requests):
            if number % 3 == 0:
                assert self.whole.stream("hi").message.text == "One two"
            elif number % 3 == 1:
                chunks = self.whole.chat.completions.create(stream=True, **_ASKED)
                assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "One two"
            else:
                assert self.json.complete("hi").text == "One two"
            if number % LEFT == 0:
                self._leave(number // LEFT)

    def _leave(self, number: int) -> None:
        stream = self.open_ended.stream("hi")
        if number % 4:
            assert next(stream).text == "One"  # type: ignore[union-attr]
        if number % 3 == 0:
            stream.close()
        elif number % 3 == 1:
            with contextlib.suppress(ZeroDivisionError), stream:
                raise ZeroDivisionError

    async def _looping(self, requests: int) -> None:
        whole, json, open_ended = self.loops
        places = asyncio.Semaphore(AT_ONCE)

        async def ask(number: int) -> None:
            async with places:
                if number % 2:
                    assert (await whole.stream("hi").message).text == "One two"
                else:
                    assert (await json.complete("hi")).text == "One two"

        async def leave(number: int) -> None:
            async with places:
                if number % 2:
                    async with open_ended.stream("hi") as stream:
                        async for _ in stream:
                            break
                else:
                    begun = asyncio.Event()

                    async def read() -> None:
                        async for _ in open_ended.stream("hi"):
                            begun.set()

                    task = asyncio.create_task(read())
                    await begun.wait()
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

        await asyncio.gather(
            *(ask(number) for number in range(requests)), *(leave(number) for number in range(0, requests, LEFT))
        )


def soak(name: str, addresses: list[str], requests: int) -> bool:
    """Whether memory and descriptors stayed as they were. Says what it found."""
    asked = Soak(*addresses)
    asked.run(max(1_000, requests // 10))  # the warm-up
    held, open_before, begin = memory(), descriptors(), time.monotonic()
    asked.run(requests)
    grown, opened = memory() - held, descriptors() - open_before
    asked.close()
    flat = grown <= MOST_GROWTH and opened <= MOST_DESCRIPTORS
    print(
        f"{name:5} {requests:7} requests, {requests // LEFT:6} streams left, {time.monotonic() - begin:6.0f} s: memory "
        f"{held / 1e6:.1f} MB {grown / 1e3:+.0f} kB, descriptors {open_before} {opened:+d}: "
        f"{'flat' if flat else 'GROWN'}",
        flush=True,
    )
    return flat


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("requests", nargs="?", type=int, help=f"for HTTP and for TLS each; {REQUESTS} by default")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} requests")
    options = parser.parse_args(arguments)
    requests = options.requests or (QUICK if options.quick else REQUESTS)
    print(f"kimistream {kimistream.__version__}, Python {sys.version.split()[0]}", flush=True)
    json = Script().json(200, completion("One two"))
    with FaultServer() as server, tls_front(server.port) as secure:
        plain = [server.url(each) for each in (stream_of("One ", "two"), json, stalled(frame("One")))]
        tls = [url.replace(f"http://127.0.0.1:{server.port}", f"https://127.0.0.1:{secure}") for url in plain]
        results = [soak("HTTP", plain, requests), soak("TLS", tls, requests)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
