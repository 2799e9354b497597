"""The rules of the house that a program can check: who includes whom, who names whom, how long a file is."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import kimistream

ROOT = Path(__file__).parent.parent
PUBLIC = ROOT / "cpp/include/kimistream"
SOURCES = ROOT / "cpp/src"
BINDINGS = ROOT / "python/bindings"
PACKAGE = ROOT / "python/kimistream"

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
    {"headers", "json", "version"},
    {"message", "sse"},
    {"error", "event", "provider", "request"},
    {"accumulator", "retry", "transport"},
    {"scripted_transport", "stream"},
    {"client"},
    {"tokens"},
    {"kimistream"},
]
# Folders of src/: which private headers and which public ones each may include.
PROTOCOL = {"error", "event", "headers", "json", "message", "provider", "request"}
LAYERS = {
    "json": ({"json"}, {"json"}),
    "sse": ({"sse", "json"}, {"sse", "json"}),
    "wire": ({"wire", "json"}, PROTOCOL | {"retry", "transport"}),  # retry: the hints in headers; transport: the body
    "net": ({"net"}, {"error", "headers", "transport", "scripted_transport"}),
}
ABOVE = {"call.hpp", "client_impl.hpp"}  # what only call, stream and client know
PICKS_THE_TRANSPORT = "client.cpp"


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
    wrong = []
    for path in cpp_files(SOURCES):
        folder = path.relative_to(SOURCES).parts[0]
        for included in includes(path):
            first, _, rest = included.partition("/")
            allowed = True
            if folder in LAYERS:
                private, public = LAYERS[folder]
                if included in ABOVE or first in LAYERS:
                    allowed = first in private
                elif first == "kimistream":
                    allowed = rest.removesuffix(".hpp") in public
            elif first == "net":
                allowed = path.name == PICKS_THE_TRANSPORT
            if not allowed:
                wrong.append(f"{name_of(path)} includes {included}")
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


def test_the_simulator_does_not_use_the_package() -> None:
    """So that it judges the client as a stranger."""
    wrong = [
        name_of(path)
        for path in python_files(PACKAGE / "simulator")
        if re.search(r"^\s*(from \.\.|from kimistream|import kimistream)", "".join(_imports(path)), re.MULTILINE)
    ]
    assert wrong == []


def _imports(path: Path) -> list[str]:
    code = re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL)
    return [f"{line}\n" for line in code.splitlines() if re.match(r"\s*(from|import) ", line)]


# ---- names ----------------------------------------------------------------------------------------------------------

PROVIDERS = re.compile(
    r"moonshot|vllm|sglang|openrouter|anthropic|tokenhub|anyfast|cloudflare|ktransformers|aimlapi", re.IGNORECASE
)
TABLES = {
    "cpp/src/providers.cpp",
    "python/kimistream/cli/fingerprints.py",
    "python/kimistream/simulator/dialects.py",
}
EVERYWHERE = ("MOONSHOT_API_KEY", "anthropic_messages")  # a variable, a protocol
# Texts for people, the simulator's rows, and defaults of the command. No branch may stand here.
NAMED_ON_PURPOSE = {
    "cpp/src/client.cpp": ("https://api.moonshot.ai/v1",),
    "cpp/src/wire/decoder.cpp": ("if the server is vLLM under load",),
    "python/kimistream/cli/app.py": (
        "moonshot (the default), moonshot-cn, openrouter, vllm, sglang",
        "moonshot, vllm, sglang",
        '"moonshot"',
    ),
    "python/kimistream/cli/connect.py": ('"moonshot"',),
    "python/kimistream/cli/failures.py": ("api.moonshot.ai", "api.moonshot.cn", "moonshot-cn", '"moonshot"'),
    "python/kimistream/simulator/checks.py": ("tools_are_moonshots", "MOONSHOT"),
    "python/kimistream/simulator/models.py": ("moonshotai/Kimi-K2.6", "moonshot_row", '"moonshot"'),
    "python/kimistream/simulator/server.py": ('"moonshot"',),
}


def test_providers_are_named_in_tables_only() -> None:
    wrong = []
    for path in [*cpp_files(SOURCES), *python_files(PACKAGE)]:
        name = name_of(path)
        if name in TABLES:
            continue
        code = cpp_code(path) if path.suffix != ".py" else "\n".join(python_code(path))
        for allowed in (*EVERYWHERE, *NAMED_ON_PURPOSE.get(name, ())):
            code = code.replace(allowed, "")
        wrong += [f"{name}: {found[0]}" for found in PROVIDERS.finditer(code)]
    assert wrong == []


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
    for path in [*cpp_files(PUBLIC, SOURCES, BINDINGS), *python_files(PACKAGE)]:
        lines = len(path.read_text("utf-8").splitlines())
        if lines > (300 if path.suffix == ".hpp" else 500):
            long[name_of(path)] = lines
    assert long == {}
    assert len((BINDINGS / "module.cpp").read_text("utf-8").splitlines()) < 50


# Sources whose tests have another name, or none of their own.
TESTED_ELSEWHERE = {
    "error.cpp": "errors_test.cpp",
    "net/curl_errors.cpp": "curl_transport_test.cpp",
    "net/curl_global.cpp": "curl_transport_test.cpp",
    "net/scripted_transport.cpp": "call_test.cpp",
}


def test_each_source_has_its_tests() -> None:
    there = {path.name for path in cpp_files(ROOT / "cpp/tests")}
    without = []
    for path in sorted(SOURCES.rglob("*.cpp")):
        relative = path.relative_to(SOURCES)
        names = {f"{path.stem}_test.cpp", f"{'_'.join(relative.with_suffix('').parts)}_test.cpp"}
        names.add(TESTED_ELSEWHERE.get(relative.as_posix(), ""))
        if not names & there:
            without.append(relative.as_posix())
    assert without == []


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
