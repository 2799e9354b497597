#!/bin/sh
# To libcurl a request on a kept connection costs the more, the more others are under way: with 3,000 the most of it.
#
# Versions   pycurl 7.49.0 with libcurl 8.23.0, which its wheel brings; 7.88.1 (Debian 12) does the same. Python 3.10 and later
# Expected   a request of HTTP/1.1 that finds an idle connection costs the same, whatever else is under way: each socket is told
#            of by itself (`socket_action`), and "thousands of connections" is what the multi interface is for
# Seen       3,000 short requests at once, over and over, each on a kept connection. All in one multi handle, or 50 in each of
#            60: the same requests, connections, server and event loop, and in one handle about twice the CPU
# Why        the connection that may be used again is found by looking at those to the same host one after the other, and
#            each is compared (host, port, scheme) before it is asked whether it is busy; the busy ones are not set aside
# It matters for bulk runs: what looks like the price of HTTP is the price of the crowd. Several multi handles on one epoll
# cost nothing but a descriptor or two each (with TLS also the trusted certificates, which each of them reads).
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycurl==7.49.0
cat >"$folder/server.py" <<'PYTHON'
import asyncio
import resource

most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most if 0 < most < 8192 else 8192, most))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        asyncio.get_running_loop().call_later(0.3, self.transport.write, ANSWER)


async def main():
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
PYTHON
cat >"$folder/client.py" <<'PYTHON'
import resource
import select
import subprocess
import sys
import time

import pycurl

AT_ONCE, IN_EACH, ROUNDS = 3000, 50, 3


class Crowd:
    """A multi handle whose sockets are watched by an epoll that others share."""

    def __init__(self, epoll, owners):
        self.epoll, self.owners, self.due = epoll, owners, None
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self.on_socket)
        self.multi.setopt(pycurl.M_TIMERFUNCTION, self.on_timer)
        self.multi.setopt(pycurl.M_MAXCONNECTS, AT_ONCE)

    def on_socket(self, what, socket, multi, data):
        if what == pycurl.POLL_REMOVE:
            if self.owners.pop(socket, None):
                self.epoll.unregister(socket)
            return
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        (self.epoll.modify if socket in self.owners else self.epoll.register)(socket, mask)
        self.owners[socket] = self

    def on_timer(self, milliseconds):
        self.due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def ended(self):
        return self.multi.info_read(AT_ONCE)[1:]


def a_round(crowds, epoll, easies):
    for number, easy in enumerate(easies):
        crowds[number % len(crowds)].multi.add_handle(easy)
    left = len(easies)
    while left:
        now = time.monotonic()
        acted = {crowd for crowd in crowds if crowd.due is not None and crowd.due <= now}
        for crowd in acted:
            crowd.due = None
            crowd.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        for socket, mask in epoll.poll(0 if any(c.due is not None for c in crowds) else 0.01, AT_ONCE):
            crowd = epoll_owners[socket]
            acted.add(crowd)
            crowd.multi.socket_action(socket, (pycurl.CSELECT_IN if mask & select.EPOLLIN else 0)
                                      | (pycurl.CSELECT_OUT if mask & select.EPOLLOUT else 0))
        for crowd in acted:
            done, failed = crowd.ended()
            assert not failed, failed
            for easy in done:
                crowd.multi.remove_handle(easy)
            left -= len(done)


def measure(url, many):
    """Microseconds of CPU for a request."""
    global epoll_owners
    epoll, epoll_owners = select.epoll(), {}
    crowds = [Crowd(epoll, epoll_owners) for _ in range(many)]
    easies = []
    for _ in range(AT_ONCE):
        easy = pycurl.Curl()
        easy.setopt(pycurl.URL, url)
        easy.setopt(pycurl.PROXY, "")
        easy.setopt(pycurl.WRITEFUNCTION, len)
        easies.append(easy)
    a_round(crowds, epoll, easies)  # opens the connections
    opened = sum(int(easy.getinfo(pycurl.NUM_CONNECTS)) for easy in easies)
    begin = time.process_time()
    for _ in range(ROUNDS):
        a_round(crowds, epoll, easies)
    used = time.process_time() - begin
    again = sum(int(easy.getinfo(pycurl.NUM_CONNECTS)) for easy in easies)
    assert (opened, again) == (AT_ONCE, 0), f"{opened} connections, {again} new ones in the last round"
    for easy in easies:
        easy.close()
    for crowd in crowds:
        crowd.multi.close()
    return used / ROUNDS / AT_ONCE * 1e6


most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most if 0 < most < 8192 else 8192, most))
server = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
    one = min(measure(url, 1) for _ in range(3))
    spread = min(measure(url, AT_ONCE // IN_EACH) for _ in range(3))
finally:
    server.kill()
print(pycurl.version)
print(f"one multi handle: {one:.0f} us a request; {AT_ONCE // IN_EACH} of them: {spread:.0f} us")
assert one > 1.5 * spread, "the crowd costs no more than its parts: libcurl has changed"
print("as described")
PYTHON
"$folder/venv/bin/python" "$folder/client.py" "$folder/server.py"
