#!/bin/sh
# openai-agents ends the run, or leaves a tool out without a word, where a server numbers its tool calls anew in each answer.
#
# Versions   openai-agents 0.24.0 with openai 3.57.0; Python 3.10 and later
# Expected   an id ties a result to its call, and the order of the messages says which one is meant: a call in the next
#            answer is another call. So a plain loop over chat completions has it, and servers of Kimi K3 have given such
#            ids, `<tool>:<place in the answer>`: vLLM (github.com/vllm-project/vllm/issues/50295) and Fireworks
#            (github.com/fw-ai/fireconnect/issues/16)
# Seen       each answer has one call, its id is `<tool>:0`:
#            1. read("a"), then read("b"): the second answer raises ModelBehaviorError "Model reused a completed tool call
#               ID for a different invocation", and the run is lost
#            2. status(), then status() again, as one waits for something: the second call is not run and not put into the
#               history. The model is asked the same again, until MaxTurnsExceeded: ten answers paid for, one call run.
#            With ids that are unique in the conversation both runs come to their end.
# Why        the id alone, over the whole run, is what a call is known by: with other arguments it is refused, with the same
#            ones it counts as a replay. That is meant as protection ("Providers are expected to assign a unique call ID",
#            github.com/openai/openai-agents-python/pull/4257); the guides and the changelog of 0.24.0 do not tell it.
# It matters for every tool loop with such a server: the ids have to be renamed on the way in, and back on the way out.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openai-agents==0.24.0 openai==3.57.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import http.server
import json
import threading

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from agents.exceptions import MaxTurnsExceeded, ModelBehaviorError
from openai import AsyncOpenAI

set_tracing_disabled(True)
unique = False
requests = 0


def next_call(prompt, results):
    """The model: what it calls next, None when it has what it wants. It answers the same to the same messages."""
    if prompt == "read":
        return {"path": "ab"[len(results)]} if len(results) < 2 else None
    return {} if "ready" not in results else None


def answer(messages):
    prompt = messages[-1 - 2 * sum(message["role"] == "tool" for message in messages)]["content"]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    arguments = next_call(prompt, results)
    if arguments is None:
        return {"role": "assistant", "content": "done"}, "stop"
    function = {"name": prompt, "arguments": json.dumps(arguments)}
    id = f"{prompt}:{len(results) if unique else 0}"
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id, "type": "function", "function": function}]}, "tool_calls"


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        message, reason = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"])
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": reason, "message": message}]}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments):
        pass


ran = []


@function_tool
def read(path: str) -> str:
    """Reads a file."""
    ran.append(path)
    return f"what {path} says"


@function_tool
def status() -> str:
    """Says how far the job is."""
    ran.append("status")
    return "ready" if ran.count("status") > 1 else "at work"


async def run(base_url, prompt):
    model = OpenAIChatCompletionsModel("m", AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0))
    try:
        return (await Runner.run(Agent(name="Agent", tools=[read, status], model=model), prompt)).final_output
    except (MaxTurnsExceeded, ModelBehaviorError) as error:
        return f"{type(error).__name__}: {error}"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for unique in (True, False):
    for prompt in ("read", "status"):
        ran.clear()
        requests = 0
        end = asyncio.run(run(f"http://127.0.0.1:{server.server_port}/v1", prompt))
        seen[prompt, unique] = end, list(ran), requests
        print(f"{prompt}, {'unique ids' if unique else 'ids begin anew'}: ran {ran}, {requests} requests, {end}")
assert seen["read", True] == ("done", ["a", "b"], 3), "the server is not as it should be"
assert seen["status", True] == ("done", ["status", "status"], 3), "the server is not as it should be"
end, *counted = seen["read", False]
assert end.startswith("ModelBehaviorError: Model reused a completed tool call ID") and counted == [["a"], 2], "this has changed"
end, *counted = seen["status", False]
assert end.startswith("MaxTurnsExceeded") and counted == [["status"], 10], "this has changed"
PYTHON
echo "as described"
