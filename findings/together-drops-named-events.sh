#!/bin/sh
# together reads nothing, without an error, from a stream whose events are named: not the answer, and not the error in it.
#
# Versions   together 3.1.1; Python 3.10 and later
# Expected   `event: message` is the name that an event has when none is given (html.spec.whatwg.org, "server-sent events"),
#            so a gateway that writes it changes nothing; an `event: error` is an error, as it is without the name
# Seen       one answer, streamed in five chunks by an OpenAI-compatible server:
#            1. without names: five chunks
#            2. each under `event: message`: none. The loop ends as after an empty answer, and the usage is gone too
#            3. two chunks without a name, then `event: error` with {"error": ...}: two chunks, then a normal end. Without
#               the name the same frame raises APIError: boom
#            Of the second stream openai 3.57.0 gives all five chunks and groq 1.7.0 five hollow ones, whose `choices` is None.
# Why        its stream hands on the events that have no name, and has no branch for the others
# It matters for programs that reach it through a gateway: half an answer or none, which was paid, looks like a whole one.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet together==3.1.1 groq==1.7.0 openai==3.57.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import http.server
import json
import threading

from groq import Groq
from openai import OpenAI
from together import APIError, AsyncTogether, Together


def chunk(delta, reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


USAGE = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
ANSWER = [chunk({"role": "assistant", "content": "The "}), chunk({"content": "sea "}), chunk({"content": "is."}),
          chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}]
ERROR = {"error": {"message": "boom", "type": "server_error"}}
STREAMS = {
    "no names": [(None, one) for one in ANSWER],
    "event: message": [("message", one) for one in ANSWER],
    "error without a name": [(None, one) for one in [*ANSWER[:2], ERROR]],
    "event: error": [(None, one) for one in ANSWER[:2]] + [("error", ERROR)],
}
now = ""


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for name, data in STREAMS[now]:
            line = f"event: {name}\n" if name else ""
            self.wfile.write(f"{line}data: {json.dumps(data)}\n\n".encode())
        if "error" not in now:
            self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
root = f"http://127.0.0.1:{server.server_port}"
question = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def read(kind, base_url=f"{root}/v1"):
    chunks = []
    try:
        for one in kind(base_url=base_url, api_key="none", max_retries=0).chat.completions.create(**question):
            chunks.append(one)
    except APIError as error:
        return chunks, str(error)
    return chunks, None


async def aread():
    client = AsyncTogether(base_url=f"{root}/v1", api_key="none", max_retries=0)
    return [one async for one in await client.chat.completions.create(**question)]


seen = {}
for now in STREAMS:
    chunks, error = read(Together)
    seen[now] = len(chunks), error
    print(f"together, {now}: {len(chunks)} chunks, {'error ' + error if error else 'a normal end'}")
assert seen["no names"] == (5, None) and seen["error without a name"] == (2, "boom"), "the server is not as it should be"
assert seen["event: message"] == (0, None) and seen["event: error"] == (2, None), "this has changed"
now = "event: message"
assert asyncio.run(aread()) == [], "this has changed"
assert len(read(OpenAI)[0]) == 5, "the comparison is not as it should be"
hollow = [one.choices for one in read(Groq, root)[0]]
print(f"groq, {now}: the choices are {hollow}")
assert hollow == [None] * 5, "this has changed"
PYTHON
echo "as described"
