#!/bin/sh
# OpenLLMetry's tracing of openai raises an IndexError in the traced program where the first tool call has the index 1.
#
# Versions   opentelemetry-instrumentation-openai 0.62.4 with openai 3.57.0; Python 3.10 and later
# Expected   what only looks on never changes the answer, least of all by an error; and the index of a call tells which
#            pieces belong together, it promises no place in a list. Streams that begin with 1 have been met
#            (github.com/BerriAI/litellm/issues/32759), and openai's own client reads them
# Seen       a stream of text, then a call in two pieces with index 1, then its finish reason:
#            1. without the instrumentation: six chunks, the call is whole
#            2. with it: `for chunk in stream` raises "IndexError: list index out of range" at the first piece of the call.
#               The call and all behind it are lost, with a sync and an async client
#            3. the span is closed as OK, with a call that has neither name nor arguments
#            The same stream with index 0 comes through as it is.
# Why        for an index that is behind the end of its list one empty call is put in, and then the index is looked up all
#            the same; this runs in the program's own iteration, without the guard that the other parts of it have. (A null
#            index does likewise: github.com/traceloop/openllmetry/issues/3697)
# It matters for programs that are traced in production only: there the tool calls of such a server end in an error.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opentelemetry-instrumentation-openai==0.62.4 opentelemetry-sdk==1.45.2 openai==3.57.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import http.server
import json
import threading

from openai import AsyncOpenAI, OpenAI
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

index = 0


def deltas():
    yield {"role": "assistant", "content": "I will "}
    yield {"content": "look."}
    yield {"tool_calls": [{"index": index, "id": "read:0", "type": "function", "function": {"name": "read", "arguments": ""}}]}
    yield {"tool_calls": [{"index": index, "function": {"arguments": '{"path": '}}]}
    yield {"tool_calls": [{"index": index, "function": {"arguments": '"notes"}'}}]}
    yield {}


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta in deltas():
            choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "tool_calls"}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "api_key": "none", "max_retries": 0}
question = {"model": "m", "messages": [{"role": "user", "content": "Look"}], "stream": True}


def read():
    chunks = 0
    try:
        for _ in OpenAI(**options).chat.completions.create(**question):
            chunks += 1
    except IndexError as error:
        return chunks, str(error)
    return chunks, None


async def aread():
    chunks = 0
    try:
        async for _ in await AsyncOpenAI(**options).chat.completions.create(**question):
            chunks += 1
    except IndexError as error:
        return chunks, str(error)
    return chunks, None


def both():
    got = read(), asyncio.run(aread())
    print(got)
    return got


for index in (0, 1):
    assert both() == ((6, None), (6, None)), "the server is not as it should be"
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
OpenAIInstrumentor().instrument(tracer_provider=provider)
index = 0
assert both() == ((6, None), (6, None)), "the comparison is not as it should be"
spans.clear()
index = 1
assert both() == ((2, "list index out of range"), (2, "list index out of range")), "this has changed"
told = [(span.status.status_code.name, json.loads(span.attributes["gen_ai.output.messages"])) for span in spans.get_finished_spans()]
print(told)
for status, (message,) in told:
    call = [part for part in message["parts"] if part["type"] == "tool_call"]
    assert (status, call) == ("OK", [{"type": "tool_call", "name": "", "id": "", "arguments": ""}]), "this has changed"
PYTHON
echo "as described"
