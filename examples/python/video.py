"""A clip is uploaded once, and asked about as often as one likes:  python video.py clip.mp4"""

from __future__ import annotations

import sys

from kimistream import Kimi, Video

QUESTIONS = ("Summarize what happens in this clip.", "At which moment does most of it change?")

with Kimi() as client:
    file = client.files.create(file=sys.argv[1], purpose="video")
    try:
        chat = client.conversation(thinking="keep")
        for place, question in enumerate(QUESTIONS):
            for text in chat.stream([Video(file), question] if place == 0 else question).text:
                print(text, end="", flush=True)
            print("\n")
        print(chat.usage)
    finally:
        client.files.delete(file.id)

# A short clip goes within the request, no upload needed: client.stream([Video("clip.mp4"), "Summarize it."])
