"""Files of rows: .jsonl, .json and .csv, also .gz and .zst, read by our own readers; .parquet, which keeps types.

Theirs change what they read: pandas and pyarrow make 7 of "007" and a float of an id of twenty digits.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from itertools import islice

from .._values.errors import InvalidRequestError
from . import parquet
from .bad_row import BadRow
from .csv_file import csv_rows, numbered_rows
from .lines import parse, split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO

    Read = Callable[[int], bytes]

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = (".gz", ".zst")
_LINES = (".jsonl", ".ndjson")


class JsonLines:
    """The rows of a file of JSON Lines, one after the other; or its bytes, for who reads them as it should."""

    def __init__(self, path: str, unpacked: Callable[[BinaryIO, str], Read]) -> None:
        self._path = path
        self._unpacked = unpacked
        self._file: BinaryIO | None = None
        self._rows: Iterator[Any] | None = None
        self._read: Read | None = None

    def read(self, size: int) -> bytes:
        """Unpacked and without a byte order mark; b"" at the end."""
        if self._read is None:
            self._file = open(self._path, "rb")  # noqa: SIM115, for as long as there are rows
            self._read = _without_bom(self._unpacked(self._file, self._path), self._path)
        return self._read(size)

    def row(self, line: bytes, number: int) -> Any:
        """Of a line that is not blank; a BadRow where it holds none."""
        return _line(line, number, self._path)

    def lines_at(self, first: int, second: int) -> tuple[int, int] | None:
        """See the function."""
        return lines_at(self._path, first, second)

    def __iter__(self) -> JsonLines:
        return self

    def __next__(self) -> Any:
        if self._rows is None:
            self._rows = (self.row(line, number) for number, line in _numbered(self.read))
        try:
            return next(self._rows)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def open_rows(path: str) -> Iterator[Any]:
    """The rows of a file. Raises InvalidRequestError here for one that is missing or of an unknown kind."""
    kind, packed = _kind(path)
    if kind == ".parquet" and not packed:
        return _parquet(path)
    reader = {".json": _json, ".csv": csv_rows}.get(kind)
    is_lines = kind in _LINES
    if reader is None and not is_lines:
        raise InvalidRequestError(_unknown(path, kind))
    if packed == ".zst":
        _zstd_decoder()
    _check_readable(path)
    unpacked = _decoder(packed)
    return JsonLines(path, unpacked) if is_lines else _opened(path, unpacked, reader)


def lines_at(path: str, first: int, second: int) -> tuple[int, int] | None:
    """The lines in which two rows of the file begin, the second behind the first; None where it has no lines, or
    cannot be read again."""
    kind, packed = _kind(path)
    if kind not in (*_LINES, ".csv") or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            read = _without_bom(_decoder(packed)(file, path), path)
            rows = numbered_rows(read, path) if kind == ".csv" else _numbered(read)
            numbers = [number for index, (number, _) in enumerate(islice(rows, second + 1)) if index in (first, second)]
    except (OSError, InvalidRequestError):
        return None
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _kind(path: str) -> tuple[str, str]:
    """How its name ends, and how it is packed."""
    stem, packed = path, ""
    for suffix in _PACKED:
        if path.lower().endswith(suffix):
            stem, packed = path[: -len(suffix)], suffix
    return os.path.splitext(stem)[1].lower(), packed


def _decoder(packed: str) -> Callable[[BinaryIO, str], Read]:
    return {"": _as_it_is, ".gz": _unzipped, ".zst": _unpacked}[packed]


def _numbered(read: Read) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank."""
    return ((number, line) for number, line in enumerate(split_lines(read), 1) if not line.isspace())


def _unknown(path: str, kind: str) -> str:
    hint = ": a text is a path here, a single prompt goes into a list" if not kind else ""
    return f"{path!r} is no file of rows that is known (.jsonl, .json, .csv, each also .gz and .zst, .parquet){hint}"


def _parquet(path: str) -> Iterator[Any]:
    parquet.library()
    _check_readable(path)
    parquet.check(path)
    return parquet.rows_in(path)


def _check_readable(path: str) -> None:
    """What is wrong with it is found here, and not when the first row is taken."""
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return  # a pipe: who writes into it would be sent away
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise InvalidRequestError(f"rows: {path}: {error.strerror or error}") from error


def _opened(path: str, unpacked: Callable[[BinaryIO, str], Read], reader: Any) -> Iterator[Any]:
    with open(path, "rb") as file:
        yield from reader(_without_bom(unpacked(file, path), path), path)


def _as_it_is(file: BinaryIO, path: str) -> Read:
    return file.read


def _without_bom(read: Read, path: str) -> Read:
    first = True

    def reading(size: int) -> bytes:
        nonlocal first
        data = read(size)
        if first and data:
            first = False
            while len(data) < len(_BOM) and (more := read(size)):
                data += more
            if data.startswith(_UTF_16):
                raise InvalidRequestError(f"{path} is UTF-16: rows are read as UTF-8, save it as that")
            data = data[len(_BOM) :] if data.startswith(_BOM) else data
            return data or read(size)
        return data

    return reading


def _line(line: bytes, number: int, path: str) -> Any:
    try:
        return parse(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        why = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        if b"\r" in line.strip():
            why = "its lines end with \\r alone"
        elif number == 1 and line.strip() == b"[":
            why = "a file that is one JSON list of rows must be named .json"
        wrong = InvalidRequestError(f"line {number} of {path} is no JSON: {why}")
        return BadRow(line.decode("utf-8", "replace").rstrip("\r\n"), wrong)


def _json(read: Read, path: str) -> Iterator[Any]:
    pieces = []
    while data := read(1 << 20):
        pieces.append(data)
    try:
        rows = parse(b"".join(pieces).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{path} is no JSON: {error}") from error
    if not isinstance(rows, list):
        raise InvalidRequestError(f"{path} must hold a list of rows, not {type(rows).__name__}")
    yield from rows


def _unzipped(file: BinaryIO, path: str) -> Read:
    return _decoded(file, path, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), "gzip", padding=b"\0")


def _unpacked(file: BinaryIO, path: str) -> Read:
    return _decoded(file, path, _zstd_decoder(), "zstd")


def _decoded(file: BinaryIO, path: str, new: Callable[[], Any], kind: str, padding: bytes = b"") -> Read:
    """A packed file of any number of members, with `padding` between them. One that is cut is an error once what there
    is has been read."""
    decoder: Any = None
    kept = b""

    def read(size: int) -> bytes:
        nonlocal decoder, kept
        while True:
            data = kept or file.read(size)
            kept = b""
            if not data:
                if decoder is not None:
                    raise _cut(path)
                return b""
            if decoder is None:
                data = data.lstrip(padding)
                if not data:
                    continue
                decoder = new()
            try:
                out: bytes = decoder.decompress(data)
            except Exception as error:
                raise InvalidRequestError(f"{path} is no {kind} file, or a broken one: {error}") from error
            if decoder.eof:
                kept = decoder.unused_data
                decoder = None
            if out:
                return out

    return read


def _zstd_decoder() -> Callable[[], Any]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor

        return ZstdDecompressor
    try:
        import zstandard  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise InvalidRequestError(
            "a .zst file needs a decoder: pip install zstandard, or Python 3.14; `zstd -d` unpacks it in the shell"
        ) from error
    return lambda: zstandard.ZstdDecompressor().decompressobj()


def _cut(path: str) -> InvalidRequestError:
    return InvalidRequestError(f"{path} ends in the middle: it was cut, and what follows is not there")
