#!/bin/sh
# The AI SDK takes a stream that was cut for an answer that ended: no error, the callbacks of a whole answer, and
# finishReason "other".
#
# Versions   ai 6.0.326 with @ai-sdk/moonshotai 2.0.61 and zod 3.25.76; Node.js 20
# Expected   a stream without a finish reason and without an end marker is incomplete; a reader is told so, as it is when
#            the connection is reset
# Seen       the server closes behind "The sea is" (chunked transfer ended properly, as gateways do when what is behind
#            them dies): `text` is "The sea is", `finishReason` is "other", `onFinish` is called and `onError` is not.
#            Likewise where an end marker ("[DONE]") follows without a finish reason. A reset, for comparison, is an error.
# Why        "other" is also what unknown finish reasons are mapped to, so a cut cannot be told from a reason that the
#            package does not know
# It matters for programs that store what `onFinish` gives: half answers are stored as whole ones.
set -eu
command -v npm >/dev/null || { echo "npm is missing"; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"private": true, "type": "module"}' >package.json
npm install --no-audit --no-fund --ignore-scripts --loglevel=error ai@6.0.326 @ai-sdk/moonshotai@2.0.61 zod@3.25.76 >/dev/null
cat >cut.mjs <<'JAVASCRIPT'
import assert from 'node:assert';
import http from 'node:http';
import { createMoonshotAI } from '@ai-sdk/moonshotai';
import { streamText } from 'ai';

const frame = (content) => {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
};
const endings = {
  closed: (response) => response.end(),
  marked: (response) => response.end('data: [DONE]\n\n'),
  reset: (response) => setTimeout(() => response.socket.destroy(), 200),
};
let ending;
const server = http.createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(frame('The sea '));
    response.write(frame('is'));
    endings[ending](response);
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const model = createMoonshotAI({ baseURL, apiKey: 'none' })('m');
for (ending of Object.keys(endings)) {
  let finished = 0, text = '', thrown = false;
  const errors = [];
  const result = streamText({
    model, prompt: 'Hi', maxRetries: 0, onFinish: () => { finished += 1; }, onError: ({ error }) => errors.push(error),
  });
  try {
    for await (const part of result.fullStream) if (part.type === 'text-delta') text += part.text;
  } catch {
    thrown = true;
  }
  const reason = await result.finishReason.then((value) => value, () => 'none');
  console.log(`${ending}: text "${text}", finishReason ${reason}, onFinish ${finished}, errors ${errors.length + thrown}`);
  if (ending === 'reset') assert(thrown || errors.length > 0, 'a reset is no error any more');
  else assert.deepStrictEqual([text, reason, finished, errors.length, thrown], ['The sea is', 'other', 1, 0, false], 'this has changed');
}
server.close();
JAVASCRIPT
node cut.mjs
echo "as described"
