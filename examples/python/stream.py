"""The thinking dimmed, then the answer, each as it arrives."""

from kimistream import Kimi

with Kimi() as client, client.stream("Which one is bigger, 9.11 or 9.9?") as stream:
    for thought in stream.thinking:
        print(f"\033[2m{thought}\033[0m", end="", flush=True)
    print("\n")
    for text in stream.text:
        print(text, end="", flush=True)
    print("\n")

    message = stream.message  # all that came, once more, as one value
    print(message.finish_reason, message.usage)
