"""The rules of the house that a program can check: who includes whom, who names whom, how long a file is."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_imports import Arrow, arrows, circles, module_names

import kimistream

ROOT = Path(__file__).parent.parent
PUBLIC = ROOT / "cpp/include/kimistream"
SOURCES = ROOT / "cpp/src"
BINDINGS = ROOT / "python/bindings"
PACKAGE = ROOT / "python/kimistream"
PLUGIN = ROOT / "python/_kimistream_pytest"

_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def cpp_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.[ch]pp"))


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def includes(path: Path) -> list[str]:
    return _INCLUDE.findall(path.read_text("utf-8"))


def cpp_code(path: Path) -> str:
    """The text without its comments."""
    return _COMMENT.sub(lambda match: match[1] or " ", path.read_text("utf-8"))


def python_code(path: Path) -> Iterator[str]:
    """The tokens without comments and docstrings."""
    before = tokenize.INDENT
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL):
            continue
        starts_a_line = before in (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE, tokenize.ENCODING)
        if not (token.type == tokenize.STRING and starts_a_line):
            yield token.string
        before = token.type


# ---- foreign libraries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (r"simdjson", r"cpp/src/json/document\.hpp"),
        (r"curl/", r"cpp/src/net/.*"),
        (r"pybind11/|Python\.h|structmember\.h", r"python/bindings/.*"),
    ],
)
def test_a_foreign_library_appears_in_one_place(header: str, allowed: str) -> None:
    users = {
        name_of(path)
        for path in cpp_files(PUBLIC, SOURCES, BINDINGS)
        if any(re.match(header, included) for included in includes(path))
    }
    assert users, "the rule is about nothing"
    assert [user for user in users if not re.fullmatch(allowed, user)] == []


# ---- layers ---------------------------------------------------------------------------------------------------------

# Public headers, lowest first; each may include those of rows above its own.
RANKS = [
    {"headers", "json", "limits", "model", "timeout", "version"},
    {"message", "sse"},
    {"error", "event", "media", "prices", "provider", "request"},
    {"accumulator", "retry", "transport", "written"},
    {"cassette", "network", "recording", "scripted_transport", "stream"},
    {"client"},
    {"balance", "batches", "bulk_run", "files", "retelling", "tokens"},
    {"rows"},
    {"kimistream"},
]
# Folders of src/: which private headers (folders, or single ones) and which public ones each may include.
PROTOCOL = {"error", "event", "headers", "json", "message", "provider", "request"}
LAYERS = {
    "json": ({"json"}, {"json"}),
    "sse": ({"sse", "json"}, {"sse", "json"}),
    "media": ({"media", "processor_paths.hpp"}, {"error", "media", "transport"}),  # transport: what a body is read from
    "rules": ({"rules", "json"}, {"error", "headers", "json", "media", "message", "model", "provider", "request"}),
    # accumulator: a whole answer that is shown anew; retry: hints in headers; transport, slots: bodies with media in
    # them; data_uri: what stands before the bytes
    "wire": (
        {"wire", "json", "media/slots.hpp", "media/data_uri.hpp"},
        PROTOCOL | {"accumulator", "media", "retry", "transport", "written"},
    ),
    "bulk": ({"bulk"}, {"bulk_run", "error", "limits", "retry"}),
    # sha256: what rows and requests are known by
    "rows": ({"rows", "json", "record/sha256.hpp"}, {"json", "message", "rows"}),
    "net": ({"net", "loopback.hpp"}, {"error", "headers", "network", "transport", "scripted_transport"}),
    # base64: media within JSON; forks: what a child must leave alone; redact: which headers are secret
    "record": (
        {"record", "json", "media/base64.hpp", "media/base64_decode.hpp", "net/body_reader.hpp", "net/forks.hpp"}
        | {"net/idle_transport.hpp", "processor_paths.hpp", "redact.hpp"},
        {"cassette", "error", "headers", "json", "recording", "transport"},
    ),
}
GROUND = {"characters.hpp": set(), "refuse.hpp": {"error"}}  # for all that may include these public headers
PICKS_THE_TRANSPORT = "client.cpp"
FORKS = "net/forks.hpp"  # of what all clients share, too
# Folders without sockets, files, threads, clocks and environment variables: bytes and values in, values out.
PURE = ("json", "sse", "rules", "wire")
_IO = re.compile(
    r"#\s*include\s*<(chrono|condition_variable|ctime|filesystem|fstream|iostream|mutex|poll\.h|sys/[^>]*|thread|time\.h"
    r"|unistd\.h|fcntl\.h)>|\bgetenv\b"
)


def test_public_headers_include_lower_ones_only() -> None:
    rank = {header: place for place, row in enumerate(RANKS) for header in row}
    assert sorted(rank) == sorted(path.stem for path in cpp_files(PUBLIC))
    wrong = [
        f"{path.name} includes {included}"
        for path in cpp_files(PUBLIC)
        for included in includes(path)
        if included.startswith("kimistream/") and rank[Path(included).stem] >= rank[path.stem]
    ]
    assert wrong == []


def test_sources_include_their_own_layer_and_lower_ones() -> None:
    assert {path.name for path in SOURCES.iterdir() if path.is_dir()} == set(LAYERS)
    above = {path.name for path in SOURCES.glob("*.hpp")}  # what only the files of no folder know
    wrong = []
    for path in cpp_files(SOURCES):
        folder = path.relative_to(SOURCES).parts[0]
        for included in includes(path):
            first, _, rest = included.partition("/")
            allowed = True
            if folder in LAYERS:
                private, public = LAYERS[folder]
                if included in GROUND:
                    allowed = public >= GROUND[included]
                elif included in above or first in LAYERS:
                    allowed = first in private or included in private
                elif first == "kimistream":
                    allowed = rest.removesuffix(".hpp") in public
            elif first == "net":
                allowed = path.name == PICKS_THE_TRANSPORT or included == FORKS
            if not allowed:
                wrong.append(f"{name_of(path)} includes {included}")
    assert wrong == []


def test_the_protocol_does_no_io() -> None:
    wrong = [
        f"{name_of(path)}: {found[0]}"
        for path in cpp_files(*(SOURCES / folder for folder in PURE))
        for found in _IO.finditer(cpp_code(path))
    ]
    assert wrong == []


def test_bindings_use_the_public_headers_only() -> None:
    own = {path.name for path in cpp_files(BINDINGS)}
    wrong = [
        f"{name_of(path)} includes {included}"
        for path in cpp_files(BINDINGS)
        for included in _INCLUDE.findall(re.sub(r"#\s*include\s*<.*", "", path.read_text("utf-8")))
        if included not in own and not included.startswith("kimistream/")
    ]
    assert wrong == []


# ---- rooms of the Python package ------------------------------------------------------------------------------------

# Each sees only those before it. `kimistream` itself stands last but for the programs: it hands names on.
ROOMS = [
    *("_core", "_notebook", "_values", "_requests", "_tools", "_resources", "_clients"),
    *("recording", "_bulk", "agents", "costs", "telemetry", "verify", "display", "ray"),
    *("mcp", "simulator", "progress", "", "integrations", "cli"),
]
SIMULATOR_ROOMS = ["values", "saying", "refusing", "dialects", "framing", "faults", "serving", ""]
DOORS = "_clients"  # a client's methods: what they import when they are called may stand in a room above
CLIENTS = ("_clients.kimi", "_clients.async_kimi")  # their annotations name what such a method gives


def room_of(module: str, within: str = "") -> str:
    return module.removeprefix(within).split(".")[0]


def is_a_door(arrow: Arrow) -> bool:
    if arrow.for_types and arrow.source in CLIENTS:
        return room_of(arrow.target) not in ROOMS[: ROOMS.index(DOORS) + 1]
    return arrow.when_called and room_of(arrow.source) == DOORS and runs_up(arrow, ROOMS)


def runs_up(arrow: Arrow, rooms: list[str], within: str = "") -> bool:
    return rooms.index(room_of(arrow.target, within)) > rooms.index(room_of(arrow.source, within))


def test_every_module_stands_in_a_room() -> None:
    modules = module_names(PACKAGE)
    assert {room_of(module) for module in modules} <= set(ROOMS)
    assert {room_of(module, "simulator.") for module in modules if module.startswith("simulator.")} <= set(
        SIMULATOR_ROOMS
    )
    flat = {path.name for path in PACKAGE.glob("*.py*")} - {"py.typed"}
    assert flat == {"__init__.py", "_core.pyi", "progress.py"}, "`progress` is a public name"


def test_rooms_see_only_those_before_them() -> None:
    wrong = [str(arrow) for arrow in arrows(PACKAGE) if runs_up(arrow, ROOMS) and not is_a_door(arrow)]
    assert wrong == [], "arrows that run up"


def test_the_rooms_of_the_simulator_too() -> None:
    """And it uses nothing of the package, so that it judges the client as a stranger."""
    own = [arrow for arrow in arrows(PACKAGE) if room_of(arrow.source) == "simulator"]
    assert [str(arrow) for arrow in own if room_of(arrow.target) != "simulator"] == []
    inside = [
        Arrow(*(name.removeprefix("simulator").removeprefix(".") for name in arrow[:2]), *arrow[2:]) for arrow in own
    ]
    assert inside
    assert [str(arrow) for arrow in inside if runs_up(arrow, SIMULATOR_ROOMS)] == [], "arrows that run up"


def test_no_circle_of_files() -> None:
    graph: dict[str, set[str]] = {module: set() for module in module_names(PACKAGE)}
    for arrow in arrows(PACKAGE):
        if not is_a_door(arrow):
            graph[arrow.source].add(arrow.target)
    assert circles(graph) == []


def test_a_wrong_arrow_is_seen(tmp_path: Path) -> None:
    """That the tests above see what they are there for: annotations, functions, circles."""
    for name, code in {
        "__init__.py": "",
        "_values/__init__.py": "",
        "_values/a.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .._clients.b import B\n",
        "_clients/__init__.py": "",
        "_clients/b.py": "def door():\n    from .._bulk import run\nfrom .._values import a\n",
        "_clients/c.py": "def no_door():\n    from .d import D\n",
        "_clients/d.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .c import no_door\n",
        "_clients/kimi.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .._bulk import Run\n",
        "_bulk/__init__.py": "from kimistream._clients.b import door\n",
    }.items():
        path = tmp_path / "kimistream" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    found = arrows(tmp_path / "kimistream")
    up = sorted(arrow for arrow in found if runs_up(arrow, ROOMS))
    assert [str(arrow) for arrow in up] == [
        "_clients.b:2 imports _bulk",
        "_clients.kimi:3 imports _bulk",
        "_values.a:3 imports _clients.b",
    ]
    assert [is_a_door(arrow) for arrow in up] == [True, True, False]
    graph: dict[str, set[str]] = {}
    for arrow in found:
        if not is_a_door(arrow):
            graph.setdefault(arrow.source, set()).add(arrow.target)
    assert circles(graph) == [["_clients.b", "_values.a"], ["_clients.c", "_clients.d"]]


# ---- names ----------------------------------------------------------------------------------------------------------

# Those that mean nothing else anywhere, and each row's as it would be compared ("together" is a word, too).
PROVIDERS = re.compile(
    r"moonshot|vllm|sglang|openrouter|anthropic|tokenhub|anyfast|cloudflare|ktransformers|aimlapi|kimi-code"
    + "".join(rf"|[\"']{re.escape(name)}[\"']" for name in kimistream.providers()),
    re.IGNORECASE,
)
TABLES = {
    "cpp/src/models.cpp",
    "cpp/src/prices.cpp",
    "cpp/src/providers.cpp",
    "cpp/src/providers_hosts.cpp",
    "python/kimistream/cli/fingerprints.py",
    "python/kimistream/simulator/dialects/gateways.py",
    "python/kimistream/simulator/dialects/table.py",
}
EVERYWHERE = ("MOONSHOT_API_KEY", "anthropic_messages")  # a variable, a protocol
# The other protocol has its maker's name, and is spoken in one folder.
A_PROTOCOL_TOO = ("cpp/src/wire/", re.compile(r"\banthropic_\w*|\bAnthropic\w+|\b\w+_anthropic\b"))
# Texts for people, the simulator's rows, and defaults of the command. No branch may stand here.
NAMED_ON_PURPOSE = {
    "cpp/src/provider_json.cpp": ('default_base = "openai-compatible"',),
    "cpp/src/rules/known_names.cpp": ('"vllm_xargs"',),
    "cpp/src/wire/decoder.cpp": ("if the server is vLLM under load",),
    "python/kimistream/cli/options.py": ("moonshot (the default), moonshot-cn, openrouter, vllm, sglang",),
    "python/kimistream/cli/connect.py": ('"moonshot"',),
    "python/kimistream/cli/probe.py": ('"openai-compatible"',),
    "python/kimistream/cli/probing.py": ('"openai-compatible"',),
    "python/kimistream/display/agents.py": ('"together"',),  # a line of a table
    "python/kimistream/costs/genai.py": ('"moonshot"',),
    "python/kimistream/telemetry/conventions.py": ('"moonshot_ai"',),
    "python/kimistream/simulator/refusing/checks.py": ("tools_are_moonshots", "MOONSHOT"),
    "python/kimistream/simulator/values/models.py": ("moonshotai/Kimi-K2.6", "moonshot_row", '"moonshot"'),
    "python/kimistream/simulator/serving/server.py": ('"moonshot"',),
}


MODELS = re.compile(r"kimi[-_.]?k\d|kimi-for-|kimi-latest", re.IGNORECASE)
MODELS_ON_PURPOSE = {
    "cpp/include/kimistream/provider.hpp": ('default_model = "kimi-k2.6"',),  # of a row that names none
    "python/kimistream/cli/probing.py": ('"kimi-k2.6"',),
    "python/kimistream/simulator/values/models.py": MODELS,
}


def code_of(path: Path) -> str:
    return cpp_code(path) if path.suffix != ".py" else "\n".join(python_code(path))


def named(names: re.Pattern[str], on_purpose: dict[str, Any]) -> list[str]:
    wrong = []
    for path in [*cpp_files(PUBLIC, SOURCES, BINDINGS), *python_files(PACKAGE)]:
        name = name_of(path)
        if name in TABLES or on_purpose.get(name) is names:
            continue
        code = code_of(path)
        for allowed in (*EVERYWHERE, *on_purpose.get(name, ())):
            code = code.replace(allowed, "")
        if name.startswith(A_PROTOCOL_TOO[0]):
            code = A_PROTOCOL_TOO[1].sub("", code)
        wrong += [f"{name}: {found[0]}" for found in names.finditer(code)]
    return wrong


def test_providers_are_named_in_tables_only() -> None:
    assert named(PROVIDERS, NAMED_ON_PURPOSE) == []


def test_models_are_named_in_tables_only() -> None:
    assert named(MODELS, MODELS_ON_PURPOSE) == []


def test_what_is_allowed_is_needed() -> None:
    """An exception that nobody makes use of any more would let the next name in."""
    files = {name: code_of(ROOT / name) for name in {*NAMED_ON_PURPOSE, *MODELS_ON_PURPOSE}}
    for exceptions in (NAMED_ON_PURPOSE, MODELS_ON_PURPOSE):
        for name, allowed in exceptions.items():
            if isinstance(allowed, tuple):
                assert [words for words in allowed if words not in files[name]] == [], name
            else:
                assert allowed.search(files[name]), name


# ---- manners --------------------------------------------------------------------------------------------------------


def test_the_library_prints_nothing_and_never_aborts() -> None:
    talk = re.compile(r"\b(std::c(out|err|log)|printf|puts|fprintf|abort|_?exit|terminate|assert)\b\s*[(<]|<iostream>")
    wrong = [
        f"{name_of(path)}: {found[0]}"
        for path in cpp_files(PUBLIC, SOURCES, BINDINGS)
        for found in talk.finditer(cpp_code(path))
    ]
    wrong += [
        f"{name_of(path)}: print"
        for path in python_files(PACKAGE)
        if path.parent.name != "cli" and re.search(r"(?<![\w.])print\n\(", "\n".join(python_code(path)))
    ]
    assert wrong == []


def test_sources_are_ascii() -> None:
    assert [name_of(path) for path in cpp_files(PUBLIC, SOURCES, BINDINGS) if not path.read_bytes().isascii()] == []


def test_files_are_short() -> None:
    """A header of more than 300 lines, or a source of more than 500, has two responsibilities."""
    long = {}
    for path in [*cpp_files(PUBLIC, SOURCES, BINDINGS), *python_files(PACKAGE), *python_files(PLUGIN)]:
        lines = len(path.read_text("utf-8").splitlines())
        if lines > (300 if path.suffix == ".hpp" else 500):
            long[name_of(path)] = lines
    assert long == {}
    assert len((BINDINGS / "module.cpp").read_text("utf-8").splitlines()) < 50


# Sources whose tests stand in those of another, and tests of several sources together or of a header alone.
TESTED_ELSEWHERE = {
    "bulk/pace.cpp": "cpp/tests/bulk_limiter_test.cpp",
    "run_all.cpp": "cpp/tests/bulk_run_test.cpp",
    "error.cpp": "cpp/tests/errors_test.cpp",
    "net/tls_buffers.cpp": "tests/package/test_wheel.py",  # it does something in the wheel only
}
OF_SEVERAL = {
    "bulk_queue",
    "bulk_starving",
    "call_clocks",
    "call_mending_cuts",
    "call_mending_socket",
    "characters",
    "client_socket",
    "concurrency",
    "early_exit",
    "golden",
    "sse_parser_limits",
}


def test_each_source_has_its_tests() -> None:
    tests = {path.name for path in (ROOT / "cpp/tests").glob("*_test.cpp")}
    free, without = set(tests), []
    for path in sorted(SOURCES.rglob("*.cpp"), key=lambda path: (len(path.parts), path), reverse=True):
        relative = path.relative_to(SOURCES)
        names = [f"{'_'.join(relative.with_suffix('').parts)}_test.cpp", f"{path.stem}_test.cpp"]
        own = next((name for name in names if name in free), None)
        free.discard(own or "")
        elsewhere = TESTED_ELSEWHERE.get(relative.as_posix())
        if own is None and (elsewhere is None or not (ROOT / elsewhere).exists()):
            without.append(relative.as_posix())
    assert without == []
    assert free == {f"{name}_test.cpp" for name in OF_SEVERAL}, "tests of no source"


# ---- the package ----------------------------------------------------------------------------------------------------


def test_all_is_complete_and_sorted() -> None:
    names = kimistream.__all__
    assert list(names) == sorted(set(names))
    assert [name for name in names if not hasattr(kimistream, name)] == []
    module = type(kimistream)
    public = {
        name
        for name, value in vars(kimistream).items()
        if not name.startswith("_") and not isinstance(value, module) and name not in ("annotations", "TYPE_CHECKING")
    }
    assert public - set(names) == set()
    assert set(names) <= set(dir(kimistream))


def test_one_version() -> None:
    header = (PUBLIC / "version.hpp").read_text("utf-8")
    (version,) = re.findall(r'KIMISTREAM_VERSION "(.*)"', header)
    numbers = re.findall(r"KIMISTREAM_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert kimistream.__version__ == version == ".".join(numbers)
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
