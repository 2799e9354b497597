"""Answers that call, as many as are asked for, then one in words. It knows where a run is from the request itself."""

from __future__ import annotations

import json
import re
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_RESULT = re.compile(rb'"role": ?"tool"')
_STREAMS = re.compile(rb'"stream": ?true')
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        steps = int(self.path.split("/")[1])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        done = len(_RESULT.findall(body))
        streams = _STREAMS.search(body) is not None
        message, reason = _message(done, steps)
        if streams:
            kind, answer = "text/event-stream", _stream(message, reason)
        else:
            whole = {**_head("chat.completion"), "usage": USAGE}
            whole["choices"] = [{"index": 0, "message": message, "finish_reason": reason}]
            kind, answer = "application/json", json.dumps(whole).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "kimi-k2.6"}


def _message(done: int, steps: int) -> tuple[dict[str, Any], str]:
    if done >= steps:
        return {"role": "assistant", "content": "It is done."}, "stop"
    function = {"name": f"tool_{done % 10}", "arguments": json.dumps({"number": done, "text": "some words"})}
    call = {"id": f"call_{done}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def _stream(message: dict[str, Any], reason: str) -> bytes:
    calls = [{"index": place, **call} for place, call in enumerate(message.get("tool_calls", []))]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas.append({"tool_calls": calls} if calls else {"content": message["content"]})
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": reason, "usage": USAGE})
    frames = [f"data: {json.dumps({**_head('chat.completion.chunk'), 'choices': [chunk]})}\n\n" for chunk in chunks]
    return "".join([*frames, "data: [DONE]\n\n"]).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # no look at the host's name
        self.server_name, self.server_port = "localhost", self.server_address[1]


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
