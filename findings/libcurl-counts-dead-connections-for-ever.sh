#!/bin/sh
# libcurl fails a request whose kept connection had died once, with "Connection died, tried 5 times before giving up".
#
# Versions   pycurl 7.45.7 with libcurl 8.16.0, which its wheel brings; 7.88.1 (Debian 12) and 8.11.1 do the same. Python 3.10 and later
# Expected   a request that goes out on a kept connection which the server has just closed is sent once more on a new one; five
#            such repeats are allowed to a request, and each request has its own five
# Seen       one handle, 14 requests in a row, a server that closes each connection at its second request: each request from the
#            second on meets one dead connection. The second to the sixth are repeated and succeed, the seventh is not and fails,
#            and so does the fourteenth
# Why        the count of repeats belongs to the handle: a success leaves it as it is, giving up alone sets it back
# It matters for whoever keeps handles, as pycurl's users and every pool do: behind a gateway that closes idle connections early
# a request fails now and then for nothing. A handle that had to repeat is better thrown away. libcurl 8.23 begins anew with each.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycurl==7.45.7
"$folder/venv/bin/python" - <<'PYTHON'
import socket
import threading

import pycurl

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
listener = socket.create_server(("127.0.0.1", 0))


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            return False
        data += block
    return True


def serve():
    while True:
        connection, _ = listener.accept()
        with connection:
            if read_request(connection):
                connection.sendall(ANSWER)
                read_request(connection)  # and no answer to this one


threading.Thread(target=serve, daemon=True).start()
easy = pycurl.Curl()
easy.setopt(pycurl.URL, f"http://127.0.0.1:{listener.getsockname()[1]}/")
easy.setopt(pycurl.PROXY, "")
easy.setopt(pycurl.WRITEFUNCTION, len)
failed = {}
for number in range(1, 15):
    try:
        easy.perform()
    except pycurl.error as error:
        failed[number] = error.args
print(pycurl.version.split()[1], failed)
assert list(failed) == [7, 14], "other requests fail: libcurl has changed"
assert all("tried 5 times" in words for _, words in failed.values())
print("as described")
PYTHON
