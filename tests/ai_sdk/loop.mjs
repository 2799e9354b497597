// A tool loop of the AI SDK, streamed and whole:  node loop.mjs BASE_URL KEY MODEL. Prints what came as JSON.
import { createMoonshotAI } from '@ai-sdk/moonshotai';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const [baseURL, apiKey, name] = process.argv.slice(2);
const model = createMoonshotAI({ baseURL, apiKey })(name);
const ran = [];
const tools = {
  get_weather: tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      ran.push(city);
      return { city, temperature: 22 };
    },
  }),
};
const question = { model, tools, prompt: 'What is the weather in Tokyo?', stopWhen: stepCountIs(4), maxRetries: 0 };
const told = async (result) => ({
  text: await result.text,
  reasoning: (await result.reasoningText) ?? '',
  finish: await result.finishReason,
  usage: await result.totalUsage,
  steps: (await result.steps).map((step) => [step.finishReason, step.toolCalls.map((call) => call.input.city)]),
  warnings: (await result.steps).flatMap((step) => step.warnings ?? []),
});

const streaming = streamText({ ...question, onError: ({ error }) => { throw error; } });
let deltas = '';
for await (const part of streaming.fullStream) if (part.type === 'text-delta') deltas += part.text;
const streamed = { ...(await told(streaming)), deltas };
const whole = await told(await generateText(question));
const formatted = await generateText({
  model,
  prompt: 'Name a city as JSON.',
  output: Output.object({ schema: z.object({ city: z.string() }) }),
  maxRetries: 0,
});
console.log(JSON.stringify({ ran, streamed, whole, object: formatted.output }));
