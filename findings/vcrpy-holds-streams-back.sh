#!/bin/sh
# vcrpy takes the streaming out of a stream while it records: the first event comes when the last one has, and of a
# stream that breaks off nothing comes at all.
#
# Versions   vcrpy 9.4.2 with httpx 0.28.1 and httpcore 1.0.9; Python 3.10 and later
# Expected   events pass through as they arrive and are written down on the way; a cut is recorded as a cut
# Seen       1. three events, half a second apart: without vcrpy they come 0, 0.5 and 1 s after the first; inside
#               use_cassette they all come together, when the server has closed the response
#            2. the same stream cut behind its third event: without vcrpy three events, then an error; inside
#               use_cassette the error alone, the three events are lost to the reader, and no cassette is written
# Why        the body is read to its end before the response is handed on, so that it can be stored as one text
# It matters for programs that show an answer while it is written, and for tests of what happens when it breaks off.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet vcrpy==9.4.2 httpx==0.28.1 httpcore==1.0.9
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import os
import socket
import threading
import time

import httpx
import vcr

PAUSE = 0.5


def answer(connection, cut):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(3):
        event = b"data: %d\n\n" % number
        connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
        time.sleep(PAUSE)
    if not cut:
        connection.sendall(b"0\r\n\r\n")
    connection.close()


def serve(cut):
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=answer, args=(server.accept()[0], cut), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def read(url):
    times = []
    with contextlib.suppress(httpx.TransportError), httpx.Client() as client, client.stream("GET", url) as response:
        for line in response.iter_lines():
            if line:
                times.append(time.monotonic())
        return times, True
    return times, False


for cut in (False, True):
    url = serve(cut)
    plain, plain_ended = read(url)
    with vcr.use_cassette(f"{cut}.yaml"):
        recorded, recorded_ended = read(url)
    spread = [times[-1] - times[0] if times else None for times in (plain, recorded)]
    written = os.path.exists(f"{cut}.yaml")
    print(f"cut: {cut}; events {len(plain)} and while recording {len(recorded)}; from first to last {spread} s; "
          f"came to its end: {plain_ended}, {recorded_ended}; cassette written: {written}")
    assert len(plain) == 3 and spread[0] > PAUSE, "the server is not as it should be"
    assert (plain_ended, recorded_ended) == (not cut, not cut)
    if cut:
        assert not recorded and not written, "this has changed"
    else:
        assert len(recorded) == 3 and spread[1] < PAUSE / 2 and written, "this has changed"
PYTHON
echo "as described"
