#!/bin/sh
# kosong, Moonshot's own library for agents, runs the tool calls of a stream that was cut.
#
# Versions   kosong 0.56.0 (what kimi-cli stands on) with openai 2.14.0; Python 3.12 or later
# Expected   a call is run when the answer has come to its end: a finish reason says so. Of a stream that closes before it
#            neither the calls nor the text are an answer, and the step fails
# Seen       the server closes the response behind a tool call, without a finish reason and without an end marker:
#            1. the arguments happen to be whole JSON: `step` runs the tool
#            2. the arguments have not begun: it runs the tool as well, with the defaults of its parameters
#            3. text alone: the half text is the message of an ordinary step result; nothing tells it from a whole one
#            Only reasoning without text or call is an error (APIEmptyResponseError).
# Why        `generate` takes the end of the iteration for the end of the answer, and starts each call as soon as the next
#            part or that end shows that nothing more of it comes; the finish reason is not looked at
# It matters where a tool changes something: with all parameters optional a cut call does the default thing.
set -eu
python=
for name in python3 python3.12 python3.13 python3.14; do
  if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python="$name"; fi
done
[ -n "$python" ] || { echo "Python 3.12 or later is missing"; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kosong==0.56.0 openai==2.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import http.server
import json
import threading

from kosong import step
from kosong.chat_provider.kimi import Kimi
from kosong.message import Message
from kosong.tooling import CallableTool2, ToolOk, ToolReturnValue
from kosong.tooling.simple import SimpleToolset
from pydantic import BaseModel


def frame(delta):
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def call(arguments):
    function = {"name": "tidy", "arguments": arguments}
    return frame({"tool_calls": [{"index": 0, "id": "tidy:0", "type": "function", "function": function}]})


CUT = {
    "whole arguments": [call('{"folder": "drafts"}')],
    "no arguments yet": [call("")],
    "text": [frame({"content": "The sea "}), frame({"content": "is"})],
}
now = ""


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in CUT[now]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments):
        pass


class Parameters(BaseModel):
    folder: str = "everything"


ran = []


class Tidy(CallableTool2[Parameters]):
    name: str = "tidy"
    description: str = "Tidies a folder up."
    params: type[Parameters] = Parameters

    async def __call__(self, params: Parameters) -> ToolReturnValue:
        ran.append(params.folder)
        return ToolOk(output="done")


async def main():
    global now
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kimi = Kimi(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", model="m")
    texts = {}
    for now in CUT:
        result = await step(kimi, "You tidy up.", SimpleToolset([Tidy()]), [Message(role="user", content="Tidy up")])
        await result.tool_results()
        texts[now] = result.message.extract_text()
    print("ran:", ran, "texts:", texts)
    assert ran == ["drafts", "everything"], "this has changed"
    assert texts["text"] == "The sea is", "this has changed"


asyncio.run(main())
PYTHON
echo "as described"
