"""Tries an installed wheel, with nothing beside it but Python: ``python tests/package/installed.py``.

A stream over a socket of this machine; TLS, whose hello must get to a server that does not know it; and no library of
the machine's where the wheel has its own. cibuildwheel runs it after each wheel, test_wheel.py where nothing compiles.
"""

from __future__ import annotations

import threading
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer  # http.server would bring Python's own libssl

import kimistream

STREAM = (
    'data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm. "}}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


class Answer(StreamRequestHandler):
    def handle(self) -> None:
        if self.rfile.peek(1)[:1] != b"P":
            return  # no POST: a TLS hello
        length = 0
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self.rfile.read(length)
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        self.wfile.write((head + STREAM).encode())


def asked(scheme: str) -> str:
    """What comes of a question to a server that speaks HTTP."""
    with TCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        address = f"{scheme}://127.0.0.1:{server.server_address[1]}/v1"
        try:
            message = kimistream.Kimi("sk-x", base_url=address, max_retries=0).stream("Hi").message
        except kimistream.APIConnectionError as error:
            return str(error)
        finally:
            thread.join()
    return f"{message.reasoning}{message.text}"


if __name__ == "__main__":
    assert "the TLS handshake failed" in asked("https"), asked("https")
    mapped = {Path(line.split()[-1]).name for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line}
    foreign = {name for name in mapped for word in ("curl", "ssl", "crypto", "simdjson") if word in name}
    assert foreign == set(), foreign
    print(f"kimistream {kimistream.__version__}: {asked('http')}")
