#!/bin/sh
# LangChain's agent runs a tool call that was cut by the token limit if somebody watches its tokens, and refuses it if not.
#
# Versions   langchain 1.5.2 with langgraph 1.2.24, langchain-core 1.8.3 and langchain-openai 1.7.4; Python 3.11 and later
# Expected   how a run is looked at does not change what it does: `invoke` and `stream` of one agent, asked the same and
#            answered the same, run the same tools. A call whose arguments end in the middle of a string, in an answer that
#            ends with finish_reason "length", is not run: it is among `invalid_tool_calls`
# Seen       the model wants to remove "/srv/data/old-drafts" and is cut behind "/srv/data":
#            1. `invoke`, and `stream` with stream_mode "updates": the call is invalid, nothing is run
#            2. `stream` with stream_mode "messages", nothing else changed: remove("/srv/data") is run
# Why        that mode makes the model stream. Chunks that are added up are read by a parser for unfinished JSON, which is
#            needed while they come; but it has the last word too, so the cut string is closed and `invalid_tool_calls` is
#            empty. The finish reason is not looked at (github.com/langchain-ai/langchain/issues/39275 has the parser).
# It matters for every agent that got a token display after it was tested: it now acts on half an argument.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain==1.5.2 langgraph==1.2.24 langchain-core==1.8.3 langchain-openai==1.7.4 openai==3.57.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

ARGUMENTS = ["", '{"path": "/srv', '/data']


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["messages"][-1]["role"] == "tool":
            messages, reason = [{"role": "assistant", "content": "Done."}], "stop"
        else:
            pieces = ARGUMENTS if request.get("stream") else ["".join(ARGUMENTS)]
            calls = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
            calls[0].update(id="remove:0", type="function")
            calls[0]["function"]["name"] = "remove"
            messages, reason = [{"role": "assistant", "content": None, "tool_calls": [call]} for call in calls], "length"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if request.get("stream") else "application/json")
        self.end_headers()
        if request.get("stream"):
            for message in messages:
                self.send(self.answer("chat.completion.chunk", "delta", message, None))
            self.send(self.answer("chat.completion.chunk", "delta", {}, reason))
            self.wfile.write(b"data: [DONE]\n\n")
        else:
            self.wfile.write(json.dumps(self.answer("chat.completion", "message", messages[0], reason)).encode())

    def send(self, chunk):
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    @staticmethod
    def answer(kind, field, message, reason):
        choice = {"index": 0, field: message, "finish_reason": reason}
        return {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}

    def log_message(self, *arguments):
        pass


ran = []


@tool
def remove(path: str) -> str:
    """Removes a folder with all that is in it."""
    ran.append(path)
    return "removed"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = ChatOpenAI(model="m", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
agent = create_agent(model, [remove])
question = {"messages": [("user", "Remove the old drafts")]}
seen = {}
for way in ("invoke", "updates", "messages"):
    ran.clear()
    if way == "invoke":
        agent.invoke(question)
    else:
        list(agent.stream(question, stream_mode=way))
    seen[way] = list(ran)
    print(f"{way}: ran {ran}")
invalid = model.invoke("Remove the old drafts").invalid_tool_calls
assert [call["args"] for call in invalid] == ['{"path": "/srv/data'], "the comparison is not as it should be"
assert seen["invoke"] == seen["updates"] == [], "the comparison is not as it should be"
assert seen["messages"] == ["/srv/data"], "this has changed"
PYTHON
echo "as described"
