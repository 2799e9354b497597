"""HTTP header fields as a mapping whose names compare without regard to case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Headers(Mapping[str, str]):
    """Response headers. `headers["Retry-After"]` and `headers["retry-after"]` are the same; several fields of one name
    are joined by a comma, as HTTP defines it. `.fields` has them one by one, in the order in which they came."""

    __slots__ = ("_joined", "fields")

    def __init__(self, fields: list[tuple[str, str]] | None = None) -> None:
        self.fields = fields or []
        self._joined: dict[str, str] = {}
        for name, value in self.fields:
            key = name.lower()
            self._joined[key] = f"{self._joined[key]}, {value}" if key in self._joined else value

    def __getitem__(self, name: str) -> str:
        return self._joined[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._joined)

    def __len__(self) -> int:
        return len(self._joined)

    def __repr__(self) -> str:
        return f"Headers({self._joined!r})"
