#!/bin/sh
# To libcurl an open stream that was asked for by POST costs seven times what one costs that was asked for by GET.
#
# Versions   pycurl 7.49.0 with libcurl 8.23.0, which its wheel brings; Python 3.10 and later, Linux
# Expected   a request of a few hundred bytes that has gone out long ago leaves nothing behind: while its answer comes, piece by
#            piece, a stream holds its handle, its connection and what was received and not read
# Seen       500 requests whose answers have begun and go on, resident memory for each: with GET about 7 kB; with POST and 20
#            bytes of body about 54; with POST and UPLOAD_BUFFERSIZE at 16384, its least, about 23
# Why        head and body of a request that has a body go through a send buffer, however short they are: one block of
#            UPLOAD_BUFFERSIZE, 64 kB by default, filled with zeros when it is made, so that most of it is resident. It is kept
#            for the next request of the handle. Without a body the head is sent from where it was made
# It matters for every client of a chat API on libcurl: its streams are all asked for by POST, and last for minutes. The least that
# UPLOAD_BUFFERSIZE can be is CURL_MAX_WRITE_SIZE, which those who build libcurl may set lower.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycurl==7.49.0
cat >"$folder/server.py" <<'PYTHON'
import asyncio

BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"


async def answer(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"POST"):
        await reader.readexactly(20)
    writer.write(BEGUN)
    await reader.read()  # until the client goes
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
PYTHON
cat >"$folder/client.py" <<'PYTHON'
import os
import sys
import time

import pycurl

STREAMS = 500


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1000


def opened(multi, url, options, streams):
    """So many streams, each with its first event."""
    come, easies = [], []
    for _ in range(streams):
        easy = pycurl.Curl()
        easy.setopt(pycurl.URL, url)
        easy.setopt(pycurl.PROXY, "")
        easy.setopt(pycurl.WRITEFUNCTION, come.append)
        for option, value in options:
            easy.setopt(option, value)
        multi.add_handle(easy)
        easies.append(easy)
    end = time.monotonic() + 60
    while len(come) < streams:
        multi.perform()
        multi.select(0.1)
        assert time.monotonic() < end, f"{len(come)} of {streams} answers have begun"
    return easies


url, way = sys.argv[1:]
post = [] if way == "get" else [(pycurl.POSTFIELDS, "x" * 20)]
if way == "least":
    post.append((pycurl.UPLOAD_BUFFERSIZE, 16384))
multi = pycurl.CurlMulti()
first = opened(multi, url, post, 10)  # held, as are the others
before = resident()
streams = opened(multi, url, post, STREAMS)
print((resident() - before) / STREAMS, flush=True)
os._exit(0)
PYTHON
cat >"$folder/compare.py" <<'PYTHON'
import subprocess
import sys

import pycurl

server, client = sys.argv[1:]
serving = subprocess.Popen([sys.executable, server], stdout=subprocess.PIPE, text=True)
try:
    url = f"http://127.0.0.1:{int(serving.stdout.readline())}/"
    get, post, least = (
        float(subprocess.run([sys.executable, client, url, way], stdout=subprocess.PIPE, check=True).stdout)
        for way in ("get", "post", "least")
    )
finally:
    serving.kill()
print(pycurl.version)
print(f"kB of memory for an open stream: GET {get:.0f}, POST {post:.0f}, POST with the least send buffer {least:.0f}")
assert post > 4 * get, "POST keeps no send buffer: libcurl has changed"
assert 10 < least - get < 25, "the least send buffer costs no 16 kB: libcurl has changed"
print("as described")
PYTHON
"$folder/venv/bin/python" "$folder/compare.py" "$folder/server.py" "$folder/client.py"
