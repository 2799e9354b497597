"""What a row is known by, and what its request is known by."""

from __future__ import annotations

import json
import weakref
from json.encoder import encode_basestring_ascii

from .. import _core
from .._requests.arguments import NAMES
from .._values.errors import InvalidRequestError
from .bad_row import BadRow
from .lines import has_half
from .plain import UnlastingError, canonical, is_missing, plain, within_reach
from .sources import wrong_row
from .templates import Template, known, prompt_maker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    LinesAt = Callable[[int, int], tuple[int, int] | None]

_KEPT_IN_MEMORY = 1 << 16  # keys; more are looked up in a temporary database, and are 200 bytes on their way there
_SHORT = 16  # bytes of a hash

# What does not change what is asked: clocks, checks, how an answer that broke is mended, headers (which may hold keys).
_NOT_ASKED = frozenset(
    {"prompt", "model", "timeout", "on_break", "max_breaks", "check", "on_upload", "extra_headers", "extra_query"}
)


def key_maker(key: Any) -> Callable[[Any], Any]:
    """What gives a row's key: a str or an int. It raises InvalidRequestError for a row without one."""
    if isinstance(key, str):
        if has_half(key):
            raise InvalidRequestError(f"key={key!r} holds half of a surrogate pair: no field of a row has such a name")
        return lambda row: _checked(_field(row, key), f"the field {key!r}")
    if callable(key):
        return lambda row: _checked(_called(key, row), "what key= gave")
    raise TypeError(f"key must be a field's name or a function of the row, not {type(key).__name__}")


def key_name(key: Any) -> str:
    """What a ledger says of its keys: rows of a run with another `key=` would not be found there."""
    if key is None:
        return "hash"
    return f"field {key}" if isinstance(key, str) else "function"


def may_be_key(name: str, key: str | int, input: Any) -> bool:
    """Whether a row of which only the line is known can have this key, as far as `key_name` tells."""
    kind, _, field = name.partition(" ")
    if kind != "field":
        return True
    try:
        return key_text(key_maker(field)(input)) == key_text(key)
    except InvalidRequestError:
        return False


def _field(row: Any, name: str) -> Any:
    if isinstance(row, dict) and name in row and not is_missing(row[name]):
        return row[name]
    if isinstance(row, dict) and name in row:
        raise InvalidRequestError(f"the row's field {name!r}, which is to be its key, is empty ({row[name]})")
    raise InvalidRequestError(f"the row has no field {name!r}, which is to be its key{known(row)}")


def _called(function: Callable[[Any], Any], row: Any) -> Any:
    try:
        return function(row)
    except Exception as error:
        raise InvalidRequestError(f"the function for key= raised {type(error).__name__}: {error}") from error


@within_reach
def _checked(value: Any, what: str) -> str | int:
    if is_missing(value):
        raise InvalidRequestError(f"{what} is None: a row needs a key")
    try:
        value = plain(value, strict=True)
    except UnlastingError as error:
        raise InvalidRequestError(f"{what} is {error}: a key is a text, a number, or a list or dict of these") from None
    if isinstance(value, bool):
        return json.dumps(value)
    if has_half(value):
        raise InvalidRequestError(f"{what} is {value!r}, with half of a surrogate pair in it: no file can hold it")
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float) and value.is_integer():  # an int column with gaps, as pandas gives it
        return int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def key_text(key: str | int) -> str:
    """The key as the ledger holds it: 7 is not "7"."""
    return encode_basestring_ascii(key) if isinstance(key, str) else str(key)


def key_and_error(
    row: Any, key_of: Callable[[Any], str | int] | None, hashed: Callable[[Any], str]
) -> tuple[str | int, InvalidRequestError | None]:
    """What a row is known by, and why it cannot be sent, as far as that is seen before its prompt is made."""
    error = wrong_row(row)
    if error is None and key_of is not None:
        try:
            return key_of(row), None
        except InvalidRequestError as wrong:
            error = wrong
    try:
        return hashed(row.text if isinstance(row, BadRow) else row), error
    except InvalidRequestError as wrong:
        return hashed(""), error or wrong


class Hashed:
    """Keys of rows that have none of their own: a hash, and behind it the count of equal rows. It raises
    InvalidRequestError for a row that has none; where keys are kept for the next start (`lasts`), also for one whose
    hash would be another then."""

    def __init__(self, lasts: bool = True) -> None:
        self.seen = Seen()
        self._lasts = lasts

    def __call__(self, row: Any) -> str:
        try:
            return self.key_of(_core.sha256(canonical(row, self._lasts))[:_SHORT])
        except UnlastingError as error:
            where = _field_with(row)
            raise InvalidRequestError(
                f"no key can be made of the row: {where} holds {error}. Give key=, leave it out, or make it a text"
            ) from None
        except InvalidRequestError as deep:
            raise InvalidRequestError(f"no key can be made of the row, name one by key=: {deep}") from deep

    def key_of(self, digest: bytes) -> str:
        count = (self.seen.get(digest) or 0) + 1
        self.seen.put(digest, count)
        return digest.hex() if count == 1 else f"{digest.hex()}-{count}"


def _field_with(row: Any) -> str:
    """Where in a row a value is that does not last."""
    for name, item in row.items() if isinstance(row, dict) else ():
        try:
            plain({name: item}, strict=True)
        except UnlastingError:
            return f"the field {str(name)!r}"
    return "it"


class Seen:
    """A number for each hash of 16 bytes that has been seen. Memory is bounded: many go into a temporary database.

    near  those that are in memory: all of them, as long as `is_near`. Who puts some there by himself calls `settle`
    """

    def __init__(self) -> None:
        self.near = _core.SeenKeys()
        self._far: Any = None

    @property
    def is_near(self) -> bool:
        return self._far is None

    def get(self, key: bytes) -> int | None:
        found = self.near.get(key)
        if found is None and self._far is not None:
            row = self._far.execute("select number from seen where key = ?", (key,)).fetchone()
            return None if row is None else row[0]
        return found

    def put(self, key: bytes, number: int) -> None:
        self.near.put(key, number)
        self.settle()

    def settle(self) -> None:
        if len(self.near) > _KEPT_IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        if self._far is None:
            import sqlite3

            self._far = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._far.close)  # else Python 3.13 and newer complain of it
            self._far.execute("pragma journal_mode = off")
            self._far.execute("create table seen (key blob primary key, number int) without rowid")
        self._far.execute("begin")
        self._far.executemany("insert or replace into seen values (?, ?)", self.near.take())
        self._far.execute("commit")


class Distinct:
    """Refuses a key that comes twice. `lines_at`: of `came_twice`."""

    def __init__(self, lines_at: LinesAt | None = None) -> None:
        self.seen = Seen()
        self._lines_at = lines_at

    def add(self, key: str | int, index: int) -> None:
        text = key_text(key)
        self.add_text(text, _core.sha256(text.encode())[:_SHORT], index)

    def add_text(self, text: str, digest: bytes, index: int) -> None:
        """The same for a key of which `key_text` and its hash are known."""
        first = self.seen.get(digest)
        if first is not None:
            raise came_twice(text, first, index, self._lines_at)
        self.seen.put(digest, index)


def came_twice(text: str, first: int, index: int, lines_at: LinesAt | None = None) -> InvalidRequestError:
    """Of the `key_text` and the places of both rows. `lines_at` gives their lines, where they come from a file."""
    lines = None if lines_at is None else lines_at(first, index)
    where = (
        f"rows {first} and {index} (counted from 0)"
        if lines is None
        else f"lines {lines[0]} and {lines[1]} of the file"
    )
    return InvalidRequestError(
        f"{where} have the same key {json.loads(text)!r}: keys must differ. Name another field, or leave key= away, "
        "which tells equal rows apart by their count. Where out= has answers of this key already, that takes another "
        "out=, or resume=False, which throws them away"
    )


class Asked:
    """What a row's request is, and by which hash it is known: model, prompt and options, not key, address or limits."""

    def __init__(self, core: _core.Client, prompt: Any, arguments: tuple[Any, ...], schema: Any = None) -> None:
        self._prompt = prompt_maker(prompt)
        self.is_row = prompt is None  # a row is a prompt itself
        self._arguments = arguments[1:]
        given = dict(zip(NAMES, arguments, strict=True))
        options: dict[str, Any] = {name: value for name, value in given.items() if name not in _NOT_ASKED}
        options = {name: value for name, value in options.items() if value is not None and value != {}}
        if schema is not None:  # where the provider takes none it stands in no option
            options["schema"] = schema
        self._constant = _core.sha256(canonical({"model": given["model"] or core.model, **_plain_options(options)}))
        told = prompt if isinstance(prompt, str) else None if prompt is None else "function"
        self.constant = _core.sha256(self._constant + canonical(told))[:_SHORT]

    @property
    def template(self) -> Template | None:
        return self._prompt if isinstance(self._prompt, Template) else None

    @property
    def common(self) -> tuple[tuple[Any, ...], bytes]:
        """What all rows have in common: the arguments but for the prompt, which is "", and what hashes begin with."""
        return ("", *self._arguments), self._constant

    def __call__(self, row: Any) -> tuple[Any, ...]:
        """The arguments of the row's request. Raises InvalidRequestError, or what a prompt function raises."""
        return (self._prompt(row), *self._arguments)

    def hash_of(self, arguments: tuple[Any, ...]) -> bytes:
        """By which the request with these arguments is known. Raises what the core refuses."""
        prompt = arguments[0]
        text = prompt if isinstance(prompt, str) else _core.dumps(prompt)
        kind = b"text" if isinstance(prompt, str) else b"json"
        return _core.sha256(self._constant + kind + text.encode("utf-8", "surrogatepass"))[:_SHORT]

    def of_line(self, input: Any, constant: bytes | None = None) -> bytes:
        """The hash of a request of which only the line is known: by its row, and what all rows have in common."""
        return b"line" + _core.sha256((constant or self.constant) + canonical(input))[:_SHORT]


def _plain_options(options: dict[str, Any]) -> Any:
    try:
        return json.loads(_core.dumps(options))
    except Exception:  # a tool that only the core knows how to read
        return {name: repr(value) for name, value in options.items()}
