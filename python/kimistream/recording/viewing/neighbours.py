"""Whose a connection on loopback is. On a machine that several people use, each of them can reach each port."""

from __future__ import annotations

import os
import socket

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = "01"


def is_of_this_user(host: str, port: int) -> bool:
    """Whether the program at the other end is this user's, or root's. True where the system does not tell."""
    if not hasattr(os, "geteuid"):
        return True
    end = f"{_hexadecimal(host)}:{port:04X}"
    for path in _TABLES:
        try:
            with open(path) as table:
                lines = table.readlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if len(fields) > 7 and fields[1].endswith(end) and fields[3] == _ESTABLISHED:
                return int(fields[7]) in (0, os.geteuid())
    return True


def _hexadecimal(host: str) -> str:
    """An IPv4 address as the kernel writes it: in the machine's own order of bytes."""
    import sys

    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}"
