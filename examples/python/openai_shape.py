"""A program written for openai-python: only the import line is another."""

from kimistream import Kimi as OpenAI

client = OpenAI()

completion = client.chat.completions.create(
    model="kimi-k2.6",
    messages=[
        {"role": "system", "content": "You are Kimi."},
        {"role": "user", "content": "What is the capital of France?"},
    ],
)
print(completion.choices[0].message.content)

stream = client.chat.completions.create(
    model="kimi-k2.6",
    messages=[{"role": "user", "content": "Which one is bigger, 9.11 or 9.9?"}],
    stream=True,
)
for chunk in stream:
    delta = chunk.choices[0].delta
    if delta.reasoning_content:
        print(f"\033[2m{delta.reasoning_content}\033[0m", end="", flush=True)
    if delta.content:
        print(delta.content, end="", flush=True)
print()
