#!/bin/sh
# respx does not see openai-python 3: inside `respx.mock` its requests go out to the network, and no error says so.
#
# Versions   openai 3.57.0 (which stands on httpx2 2.16.2), respx 0.23.1 with httpx 0.28.1; Python 3.10 and later
# Expected   as with openai-python 1, which stood on httpx: a request that no route matches raises
#            AllMockedAssertionError, and a mocked one is answered by its route, whatever the network says
# Seen       a client of httpx is held back, the client of openai is not: its request reaches the server, the mocked
#            answer is never given, and the route counts no call (only `assert_all_called`, the default of
#            `respx.mock`, complains at the end, that the route was not called)
# Why        respx patches httpcore's pools, which httpx uses. openai-python 3 uses httpx2 and httpcore2, other packages.
# It matters for tests that were written for openai-python 1: with a real key in the environment they spend money.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openai==3.57.0 httpx2==2.16.2 httpcore2==2.16.2 httpx==0.28.1 httpcore==1.0.9 respx==0.23.1
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading

import httpx
import openai
import respx


def completion(text):
    message = {"role": "assistant", "content": text}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}


class Server(http.server.BaseHTTPRequestHandler):
    reached = 0

    def do_POST(self):
        Server.reached += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(completion("from the network")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base_url = f"http://127.0.0.1:{server.server_port}/v1"
client = openai.OpenAI(api_key="none", base_url=base_url, max_retries=0)

with respx.mock(assert_all_called=False) as mock:
    route = mock.post(f"{base_url}/chat/completions").respond(json=completion("from the mock"))
    by_httpx = httpx.post(f"{base_url}/chat/completions", json={}).json()["choices"][0]["message"]["content"]
    assert (by_httpx, Server.reached, route.call_count) == ("from the mock", 0, 1), "httpx itself is not mocked"
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
    got = (answer.choices[0].message.content, Server.reached, route.call_count)

print("openai inside respx.mock: answer, requests at the server, calls of the route:", got)
assert got == ("from the network", 1, 1), "this has changed"
PYTHON
echo "as described"
