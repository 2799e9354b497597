"""The plugin for pytest: the fixture `kimi_cassette` and the option `--kimi-record`.

    def test_weather(kimi_cassette):
        client = Kimi(cassette=kimi_cassette)          # cassettes/test_weather/test_weather.jsonl
        assert "sunny" in client.complete("How is the weather?").text

It is imported by every run of pytest in an environment that has kimistream, so it stands beside that package and loads
it only for a test that asks for a cassette.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from kimistream import Cassette

_MODES = {"once": "once", "all": "record", "none": "replay"}
_LONGEST = 200  # bytes of a file's name, which with its ending have to fit into 255
_NEVER = '<>:"/\\|?*'  # in the name of a file, on one system or another


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("kimistream").addoption(
        "--kimi-record",
        choices=list(_MODES),
        default="once",
        help="what the fixture kimi_cassette records: what has no cassette yet (once, the default), everything anew "
        "(all), or nothing (none: a test without a cassette fails, as it should in CI)",
    )


@pytest.fixture
def kimi_cassette(request: pytest.FixtureRequest) -> Cassette:
    """A cassette of the test's own, `cassettes/<module>/<test>.jsonl` beside it: `Kimi(cassette=kimi_cassette)`.

    It is recorded when it is not there yet, and played from then on; see `--kimi-record`.
    """
    from kimistream import Cassette

    mode = _MODES[request.config.getoption("--kimi-record")]
    return Cassette(path_of(request.node.path, request.node.name), mode)  # type: ignore[arg-type]


def path_of(module: Path, test: str) -> Path:
    return module.parent / "cassettes" / module.stem / f"{_as_file_name(test)}.jsonl"


def _as_file_name(name: str) -> str:
    """What no file's name can hold is replaced, and one that is too long is cut; a checksum tells such from others."""
    name = "".join("_" if c in _NEVER or not c.isprintable() else c for c in name).strip(" .") or "_"
    encoded = name.encode(errors="replace")
    if len(encoded) <= _LONGEST:
        return name
    import zlib

    return encoded[:_LONGEST].decode(errors="ignore") + f"-{zlib.crc32(encoded):08x}"
