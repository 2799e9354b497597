#!/bin/sh
# langchain-core: in streams with output_version="v1" the block before a tool call and the call become one block.
#
# Versions   langchain-core 1.8.3; Python 3.11 and later
# Expected   chunks that are added up say what they said one by one: a reasoning (or text) block, then a tool call
# Seen       of a model whose chunks carry `tool_call_chunks` with index 0, the number of the call in the answer:
#            1. reasoning, then a call: `content_blocks` has one block, of type "reasoning", in which id, name and args of
#               the call lie as strange keys; no block is a "tool_call"
#            2. text, then a call: likewise one block of type "text"
#            `tool_calls` is right. Without output_version="v1" there are two good blocks, and with it as well where the
#            call's index happens to be no block's.
# Why        `stream` and `astream` number the blocks that have no index from 0 and leave the index of a call as it is;
#            `merge_lists` joins what has the same index, whatever its type. One number counts blocks, the other calls
#            (ToolCallChunk: "The index of the tool call in a sequence").
# It matters for programs that read calls from `content_blocks`, or store and send back `content`: the call is missing there.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain-core==1.8.3
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

REASONING = [AIMessageChunk(content="", additional_kwargs={"reasoning_content": part}) for part in ("I had ", "better look")]
TEXT = [AIMessageChunk(content=part) for part in ("I will ", "look")]


def call(index):
    parts = [("read", "", "call_a"), (None, '{"path": ', None), (None, '"notes"}', None)]
    chunks = [tool_call_chunk(name=name, args=args, id=id, index=index) for name, args, id in parts]
    return [AIMessageChunk(content="", tool_call_chunks=[chunk]) for chunk in chunks]


class Model(BaseChatModel):
    chunks: list[AIMessageChunk]
    _llm_type = "model"

    def _generate(self, *arguments, **options):
        raise NotImplementedError

    def _stream(self, *arguments, **options):
        for chunk in self.chunks:
            yield ChatGenerationChunk(message=chunk.model_copy(deep=True))


def joined(chunks, output_version):
    model = Model(chunks=chunks, output_version=output_version)

    async def asynchronous():
        return [chunk async for chunk in model.astream("Hi")]

    first, *others = model.stream("Hi")
    message = first.__add__(others)
    first, *others = asyncio.run(asynchronous())
    assert first.__add__(others).content_blocks == message.content_blocks, "stream and astream differ"
    assert [(one["name"], one["args"]) for one in message.tool_calls] == [("read", {"path": "notes"})], "tool_calls are wrong"
    return message.content_blocks


for kind, before in {"reasoning": REASONING, "text": TEXT}.items():
    for output_version, index in (None, 0), ("v1", 7):
        blocks = joined(before + call(index), output_version)
        assert [block["type"] for block in blocks] == [kind, "tool_call"], "the comparison is not as it should be"
        assert blocks[1]["args"] == {"path": "notes"}
    blocks = joined(before + call(0), "v1")
    print("v1, index 0:", blocks)
    assert len(blocks) == 1 and blocks[0]["type"] == kind, "this has changed"
    assert (blocks[0]["id"], blocks[0]["name"], blocks[0]["args"]) == ("call_a", "read", '{"path": "notes"}'), "this has changed"
PYTHON
echo "as described"
