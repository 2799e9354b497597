#!/bin/sh
# LiteLLM's cache takes requests for equal that differ in `extra_body` or go to another server: the one gets the other's answer.
#
# Versions   litellm 1.110.2 with openai 3.57.0 (and with fastapi 0.165.0, orjson 3.13.0 and soundfile 0.14.0: without these a
#            hit of its cache raises ModuleNotFoundError); Python 3.11 and later
# Expected   "exact match caching", as its documentation calls it: what is sent belongs to the key, and so does where it is sent
# Seen       with `litellm.cache = Cache(type="local")`, one question, caching=True, streamed and not:
#            1. extra_body={"thinking": {"type": "enabled"}}, then "disabled": the second request is never sent, its answer
#               is the first one's, with its reasoning. (Sent without the cache, the field reaches the server.)
#            2. the same model name at another `api_base`: the other server is never asked
#            `seed`, for comparison, makes another request of it.
# Why        the key is made of a list of known parameters; `extra_body` and `api_base` are not among them, nor is any field
#            that litellm does not know
# It matters for `extra_body`, the one way to send what a provider has of its own (Moonshot: `thinking`),
# and for comparisons: two deployments of one model, measured side by side, are one deployment measured twice.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet litellm==1.110.2 openai==3.57.0 fastapi==0.165.0 orjson==3.13.0 soundfile==0.14.0
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading
import time

import litellm
from litellm.caching.caching import Cache


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        thinking = request.get("thinking", {}).get("type")
        self.server.asked.append(thinking)
        message = {"role": "assistant", "content": f"{self.server.name}, thinking {thinking}"}
        if thinking == "enabled":
            message["reasoning_content"] = "Well."
        stream = request.get("stream", False)
        field, kind = ("delta", "chat.completion.chunk") if stream else ("message", "chat.completion")
        choice = {"index": 0, field: message, "finish_reason": None if stream else "stop"}
        body = {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
        self.end_headers()
        if stream:
            end = {**body, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            for data in (json.dumps(body), json.dumps(end), "[DONE]"):
                self.wfile.write(f"data: {data}\n\n".encode())
        else:
            self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments):
        pass


def serve(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.name, server.asked = name, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


A, B = serve("A"), serve("B")


def ask(prompt, server, stream, **options):
    got = litellm.completion(
        model="openai/m", messages=[{"role": "user", "content": prompt}], api_key="none", max_retries=0, caching=True,
        stream=stream, api_base=f"http://127.0.0.1:{server.server_port}/v1", **options,
    )
    if not stream:
        message = got.choices[0].message
        return message.content, getattr(message, "reasoning_content", None) or ""
    deltas = [chunk.choices[0].delta for chunk in got]
    return tuple("".join(getattr(delta, name, None) or "" for delta in deltas) for name in ("content", "reasoning_content"))


def first(*arguments, **options):
    """An answer that is in the cache when this returns: it is written by another thread."""
    kept = len(litellm.cache.cache.cache_dict)
    answer = ask(*arguments, **options)
    end = time.monotonic() + 30
    while len(litellm.cache.cache.cache_dict) == kept and time.monotonic() < end:
        time.sleep(0.05)
    return answer


on, off = ({"extra_body": {"thinking": {"type": kind}}} for kind in ("enabled", "disabled"))
for stream in (False, True):
    litellm.cache = None
    assert ask("Hi", A, stream, **off) == ("A, thinking disabled", ""), "the comparison is not as it should be"
    litellm.cache = Cache(type="local")
    for server in (A, B):
        server.asked.clear()
    answers = [first("Hi", A, stream, **on), ask("Hi", A, stream, **off), ask("Hi", B, stream, **on)]
    print(f"stream {stream}: {answers}, A was asked {A.asked}, B was asked {B.asked}")
    assert answers == [("A, thinking enabled", "Well.")] * 3, "this has changed"
    assert (A.asked, B.asked) == (["enabled"], []), "this has changed"
    ask("Hi", A, stream, seed=1, **on)
    assert A.asked == ["enabled"] * 2, "the comparison is not as it should be"
PYTHON
echo "as described"
