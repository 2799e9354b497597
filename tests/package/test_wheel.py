"""The wheel as it is published: everything inside, nothing asked of the machine. Where scripts/wheel has been run."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from fault_server_client import FaultServer
from kit import frame, stalled
from package_kit import ROOT, SAID, VERSION, run
from soak import tls_front

pytestmark = pytest.mark.package

LICENCES = {path.name for path in (ROOT / "licenses").iterdir()}
VERSIONS = {
    line.split()[0]: line.split()[1]
    for line in (ROOT / "packaging/bundled/versions").read_text("utf-8").splitlines()
    if not line.startswith("#")
}
# What of our tests meets libcurl, OpenSSL, zlib and simdjson most
TESTS = ("certificates", "early_exit", "golden", "limits", "network", "retries", "stream", "threads", "timeouts")


@pytest.fixture(scope="module")
def wheel() -> Path:
    """Made by scripts/wheel with the libraries that it has built before."""
    if not (ROOT / "build/wheel/prefix/lib/libssl.a").exists():
        pytest.skip("scripts/wheel has not been run here: it fetches and builds OpenSSL, libcurl and more")
    printed = run("scripts/wheel", cwd=ROOT, env={**os.environ, "PYTHON": sys.executable})
    return ROOT / printed.splitlines()[-1]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of an environment that has the wheel and nothing else; no compiler is within its reach."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, env={"PATH": str(python.parent)})
    return python


@pytest.fixture(scope="module")
def extension(clean: Path) -> Path:
    (found,) = clean.parents[1].glob("lib/python*/site-packages/kimistream/_core.*.so")
    return found


def test_the_wheel_says_where_it_works(wheel: Path) -> None:
    name = rf"kimistream-{re.escape(VERSION)}-cp3\d+-cp3\d+t?-(many|musl)linux_\w+(\.\w+)*\.whl"
    assert re.fullmatch(name, wheel.name)


def test_the_wheel_carries_licences_and_no_kit_for_cpp(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {Path(name).name for name in names if "/licenses/" in name and name[-1] != "/"} == {"LICENSE", *LICENCES}
    assert {f"{library}.txt" for library in (*VERSIONS, "pybind11")} == LICENCES
    assert [name for name in names if name.endswith((".hpp", ".h", ".a", ".cmake", ".pc"))] == []
    assert len([name for name in names if ".so" in name]) == 1  # no folder of libraries beside the extension


def test_the_wheel_needs_nothing_of_the_machine(clean: Path, tmp_path: Path) -> None:
    assert run(clean, ROOT / "tests/package/installed.py", cwd=tmp_path, env={}) == SAID


def test_the_libraries_inside_are_those_of_the_table(extension: Path) -> None:
    held = extension.read_bytes()
    assert f"OpenSSL {VERSIONS['openssl']} ".encode() in held
    assert f"\0{VERSIONS['zlib']}\0".encode() in held
    # "-DEV" where the sources are those of curl's repository and not of its archive.
    assert re.search(rf"[\0/]{re.escape(VERSIONS['curl'])}(-DEV)?\0".encode(), held)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf tells")
def test_the_libraries_inside_are_seen_by_nobody_else(extension: Path) -> None:
    symbols = [line.split() for line in run("readelf", "--dyn-syms", "--wide", extension).splitlines()]
    defined = {words[7] for words in symbols if len(words) > 7 and words[4] == "GLOBAL" and words[6].isdecimal()}
    # Beside it only what any program in C++ may have of the standard library's templates.
    assert {name for name in defined if not name.startswith(("_ZZNSt", "_ZNSt", "_ZT"))} == {"PyInit__core"}


def test_an_open_stream_holds_little(clean: Path, fault_server: FaultServer) -> None:
    """The libraries inside are built, and set, for it: 19 and 80 kB; as they come it is 37 and 110."""
    url = fault_server.url(stalled(frame("a")))
    with tls_front(fault_server.port) as port:
        secure = url.replace(f"http://127.0.0.1:{fault_server.port}/", f"https://127.0.0.1:{port}/")
        assert secure != url
        for address, most in ((url, 22), (secure, 90)):
            assert 0 < float(run(clean, ROOT / "tests/package/open_streams.py", address)) < most, address


def test_our_tests_pass_with_the_libraries_inside(clean: Path, tmp_path: Path) -> None:
    """With the packages of this environment but for ours: no hook of an editable install starts from a path file."""
    site = Path(next(iter(clean.parents[1].glob("lib/python*/site-packages"))))
    (site / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    where = run(clean, "-c", "import kimistream, pytest; print(kimistream.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(site)
    files = [f"tests/test_{name}.py" for name in TESTS]
    said = run(clean, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, cwd=ROOT)
    assert re.search(r"^\d+ passed", said, re.MULTILINE)
