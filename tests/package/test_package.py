"""What others get: the installed library, its sources within another project, the wheel and the source distribution.

Builds the library several times, so it runs only when asked for: pytest -m package
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pages
import pytest
from package_kit import ROOT, SAID, VERSION, run

pytestmark = pytest.mark.package

CONSUMER = Path(__file__).parent / "consumer"
# What is tested here depends on neither optimisation nor debug information.
QUICK = ("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0", "-DCMAKE_UNITY_BUILD=ON")
AS_RELEASED = ("-DCMAKE_BUILD_TYPE=Release", "-DKIMISTREAM_WARNINGS_AS_ERRORS=ON")  # as `scripts/test` has it already
LIBRARY_ONLY = ("-DBUILD_TESTING=OFF", "-DKIMISTREAM_BUILD_EXAMPLES=OFF")
NOT_COPIED = shutil.ignore_patterns("build", ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")


def build(source: Path, folder: Path, *settings: str) -> Path:
    run("cmake", "-S", source, "-B", folder, *QUICK, *settings)
    run("cmake", "--build", folder)
    return folder


def use(folder: Path, *settings: str) -> str:
    return run(build(CONSUMER, folder, *settings) / "consumer")


def in_the_project(name: str) -> Path:
    """An empty folder beside the other builds, where ccache knows what `scripts/test` has compiled already."""
    folder = ROOT / "build" / f"package-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with the static library, moved after the installation."""
    folder = tmp_path_factory.mktemp("static")
    built = build(ROOT, in_the_project("static"), *LIBRARY_ONLY, "-DCMAKE_INSTALL_LIBDIR=lib", *AS_RELEASED)
    run("cmake", "--install", built, "--prefix", folder / "first")
    return (folder / "first").rename(folder / "moved")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with the shared library."""
    folder = tmp_path_factory.mktemp("shared")
    built = build(ROOT, folder / "build", *LIBRARY_ONLY, "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_INSTALL_LIBDIR=lib")
    run("cmake", "--install", built, "--prefix", folder / "prefix")
    return folder / "prefix"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_what_is_installed(static: Path) -> None:
    headers = {f"include/kimistream/{path.name}" for path in (ROOT / "cpp/include/kimistream").iterdir()}
    package = {f"lib/cmake/kimistream/kimistream{name}.cmake" for name in (
        "Config", "ConfigVersion", "Targets", "Targets-release")}  # fmt: skip
    assert files(static) == headers | package | {"lib/libkimistream.a", "lib/pkgconfig/kimistream.pc"}
    assert all(str(static.parent) not in path.read_text("utf-8") for path in static.rglob("*.cmake"))


def test_find_package(static: Path, tmp_path: Path) -> None:
    assert use(tmp_path / "build", f"-DCMAKE_PREFIX_PATH={static}") == SAID


def test_find_package_of_the_shared_library(shared: Path, tmp_path: Path) -> None:
    assert use(tmp_path / "build", f"-DCMAKE_PREFIX_PATH={shared}") == SAID
    # Its private libraries are its own affair.
    assert "find_dependency(" not in (shared / "lib/cmake/kimistream/kimistreamTargets.cmake").read_text("utf-8")


def test_a_wrong_version_is_not_found(static: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(p LANGUAGES CXX)\nfind_package(kimistream 0.0.1)\n"
        "if(kimistream_FOUND)\n  message(FATAL_ERROR found)\nendif()\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *QUICK, f"-DCMAKE_PREFIX_PATH={static}")


@pytest.mark.parametrize("asked", [["--cflags", "--libs"], ["--cflags", "--libs", "--static"]])
def test_pkg_config(static: Path, tmp_path: Path, asked: list[str]) -> None:
    variables = {"PKG_CONFIG_PATH": str(static / "lib/pkgconfig"), "PATH": os.environ["PATH"]}
    assert run("pkg-config", "--modversion", "kimistream", env=variables) == f"{VERSION}\n"
    flags = run("pkg-config", *asked, "kimistream", env=variables).split()
    run("c++", "-std=c++20", CONSUMER / "main.cpp", "-o", tmp_path / "consumer", *flags)
    assert run(tmp_path / "consumer") == SAID


def test_pkg_config_of_the_shared_library(shared: Path, tmp_path: Path) -> None:
    variables = {"PKG_CONFIG_PATH": str(shared / "lib/pkgconfig"), "PATH": os.environ["PATH"]}
    flags = run("pkg-config", "--cflags", "--libs", "kimistream", env=variables).split()
    assert "-lsimdjson" not in flags
    run("c++", "-std=c++20", CONSUMER / "main.cpp", "-o", tmp_path / "consumer", *flags)
    assert run(tmp_path / "consumer", env={"LD_LIBRARY_PATH": str(shared / "lib")}) == SAID


def test_as_part_of_another_project(tmp_path: Path) -> None:
    built = in_the_project("part")
    assert use(built, f"-DKIMISTREAM_SOURCE={ROOT}", *AS_RELEASED) == SAID
    installs_nothing_else(built, tmp_path)


def installs_nothing_else(built: Path, folder: Path) -> None:
    run("cmake", "--install", built, "--prefix", folder / "prefix")
    assert files(folder / "prefix") == {"bin/consumer"}  # the library installs nothing that was not asked for


@pytest.mark.skipif(shutil.which("git") is None, reason="the sources are cloned")
def test_fetched_from_a_repository(tmp_path: Path) -> None:
    """FetchContent clones the sources at a commit, as a project does that names a release, and adds their folder."""
    copy = tmp_path / "repository"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    git = ("git", "-C", copy, "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    run("git", "init", "--quiet", copy)
    run(*git, "add", ".")
    run(*git, "commit", "--quiet", "-m", "all")
    commit = run(*git, "rev-parse", "HEAD").strip()
    # Each file by itself, as others compile it: elsewhere here neighbours lend each other what they include.
    settings = (f"-DKIMISTREAM_GIT=file://{copy}", f"-DKIMISTREAM_GIT_TAG={commit}", "-DCMAKE_UNITY_BUILD=OFF")
    assert use(tmp_path / "build", *settings) == SAID
    installs_nothing_else(tmp_path / "build", tmp_path)
    assert (tmp_path / "build/_deps/kimistream-src/CMakeLists.txt").exists()
    assert (tmp_path / "build/_deps/kimistream-build").is_dir(), "it is part of the build"


def test_components_of_an_installation(shared: Path, tmp_path: Path) -> None:
    """A system's packager splits what runs from what is built with."""
    for component in ("runtime", "development"):
        run("cmake", "--install", shared.parent / "build", "--prefix", tmp_path / component, "--component", component)
    run_time = files(tmp_path / "runtime")
    minor = VERSION.rpartition(".")[0]
    assert run_time == {f"lib/libkimistream.so.{VERSION}", f"lib/libkimistream.so.{minor}"}
    assert run_time | files(tmp_path / "development") == files(shared)
    assert files(tmp_path / "development") & run_time == set()


@pytest.mark.parametrize("rtti", ["", "-fno-rtti"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_headers_bring_no_warnings(compiler: str, rtti: str, tmp_path: Path) -> None:
    """Also for those who compile with more warnings than we do, with another compiler, or without RTTI."""
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")
    warnings = ("-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wpedantic", "-Wold-style-cast")
    headers = sorted((ROOT / "cpp/include/kimistream").iterdir())
    if (compiler, rtti) != ("g++", ""):  # all of them in one
        headers = [header for header in headers if header.name == "kimistream.hpp"]
    assert headers
    for header in headers:
        source = tmp_path / "one.cpp"
        source.write_text(f"#include <kimistream/{header.name}>\n#include <kimistream/{header.name}>\n")
        flags = [flag for flag in ("-std=c++20", *warnings, "-Werror", "-fsyntax-only", rtti) if flag]
        run(compiler, *flags, "-I", ROOT / "cpp/include", source)


@pytest.mark.skipif(shutil.which("conan") is None, reason="conan is not installed")
def test_conan_makes_a_package(tmp_path: Path) -> None:
    """From this machine's libcurl and simdjson, whatever their versions: Conan need not bring its own."""
    environment = {**os.environ, "CONAN_HOME": str(tmp_path / "conan")}
    run("conan", "profile", "detect", env=environment)
    profile = tmp_path / "conan/profiles/system"
    profile.write_text(
        "include(default)\n[settings]\ncompiler.cppstd=20\nbuild_type=Debug\n"
        "[platform_requires]\nlibcurl/8.0\nsimdjson/3.0\n"
    )
    where = f"tools.cmake.cmake_layout:test_folder={tmp_path}/consumer"
    create = ("conan", "create", ROOT / "packaging/conan", "--no-remote")
    assert SAID in run(*create, "--profile:all", "system", "-c", where, env=environment)


def test_the_packages_name_this_version() -> None:
    port = json.loads((ROOT / "packaging/vcpkg/ports/kimistream/vcpkg.json").read_text("utf-8"))
    assert port["version"] == VERSION
    project = (ROOT / "CMakeLists.txt").read_text("utf-8")
    options = re.findall(r"-D(\w+)=", (ROOT / "packaging/vcpkg/ports/kimistream/portfile.cmake").read_text("utf-8"))
    assert [name for name in options if name not in project] == []


def test_without_doctest(tmp_path: Path) -> None:
    """The library needs no test framework; who wants the tests is told what is missing."""
    without = "-DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON"
    run("cmake", "-S", ROOT, "-B", tmp_path / "library", *QUICK, *LIBRARY_ONLY, without)
    with pytest.raises(AssertionError, match="doctest-dev"):
        run("cmake", "-S", ROOT, "-B", tmp_path / "tests", *QUICK, without)


def test_the_cpp_library_does_without_python(tmp_path: Path) -> None:
    """With python/ deleted it is configured as it is shipped; nothing that `release` compiles includes it."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    shutil.rmtree(copy / "python")
    run("cmake", "--preset", "release", cwd=copy)
    run("ninja", "-C", copy / "build/release", "-n")  # fails where a file is missing
    run("cmake", "--preset", "release", "-DKIMISTREAM_WARNINGS_AS_ERRORS=ON", cwd=ROOT)
    run("cmake", "--build", "--preset", "release", cwd=ROOT)
    read = run("ninja", "-C", ROOT / "build/release", "-t", "deps")
    assert "cpp/src/client.cpp" in read
    inside = (f"{ROOT}/python/", "../../python/")  # the latter where ccache shortens paths
    assert [line for line in read.splitlines() if line.strip().startswith(inside)] == []


def test_examples_on_their_own(static: Path, tmp_path: Path) -> None:
    built = build(ROOT / "examples/cpp", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={static}")
    for source in (ROOT / "examples/cpp").glob("*.cpp"):
        assert (built / source.stem).exists()


PROGRAMS = {
    f"{page.stem}-{number}": fence
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for number, fence in enumerate(fence for fence in pages.fences(page) if fence.language == "cpp")
    if page.parent.name != "zh"  # the same, but for their comments: test_docs.py
}


def test_the_cpp_programs_of_the_pages(static: Path, tmp_path: Path) -> None:
    """Those of the README and of docs/, in one project, as the tutorial has it."""
    assert len(PROGRAMS) > 3
    lines = [
        "cmake_minimum_required(VERSION 3.22)",
        "project(pages LANGUAGES CXX)",
        "find_package(kimistream REQUIRED)",
    ]
    for name, fence in PROGRAMS.items():
        key = "{.api_key = "
        assert key in fence.text
        at_the_simulator = fence.text.replace(key, '{.base_url = std::getenv("SIMULATOR"), .api_key = ')
        (tmp_path / f"{name}.cpp").write_text(at_the_simulator, "utf-8")
        lines += [f"add_executable({name} {name}.cpp)", f"target_link_libraries({name} PRIVATE kimistream::kimistream)"]
    (tmp_path / "CMakeLists.txt").write_text("\n".join(lines), "utf-8")
    built = build(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={static}")
    from kimistream.simulator import Simulator

    with Simulator(pace=0) as simulator:
        own = {"MOONSHOT_API_KEY": simulator.api_key, "SIMULATOR": simulator.base_url}
        for name, fence in PROGRAMS.items():
            printed = run(built / name, env=own)
            assert fence.output, name
            assert pages.missing([fence.output], printed) == [], printed


# ---- Python ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("sources")
    program = "import sys; from scikit_build_core.build import build_sdist; print(build_sdist(sys.argv[1]))"
    run(sys.executable, "-c", program, folder, cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Path:
    """Built from the source distribution, as it is for those for whom there is no wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    unpacked = in_the_project("sources")
    unpacked.mkdir()
    run("tar", "-xzf", sources, "-C", unpacked)
    (project,) = unpacked.iterdir()
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--config-settings=build-dir=build/{wheel_tag}", "--wheel-dir", folder, project)
    (built,) = folder.iterdir()
    return built


def test_what_is_in_the_wheel(wheel: Path) -> None:
    assert re.fullmatch(rf"kimistream-{re.escape(VERSION)}-cp3\d+-cp3\d+t?-\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"kimistream-{VERSION}.dist-info/METADATA").decode()
    package = ROOT / "python/kimistream"
    sources = {
        f"kimistream/{path.relative_to(package)}" for path in package.rglob("*") if path.suffix in (".py", ".pyi")
    }
    sources |= {"_kimistream_pytest/__init__.py"}
    page = package / "recording/viewing/static"  # of `kimistream log view`
    sources |= {f"kimistream/{path.relative_to(package)}" for path in page.iterdir()}
    extension = {name for name in there if re.fullmatch(r"kimistream/_core\.[\w-]+\.so", name)}
    assert len(extension) == 1
    assert there == sources | extension | {"kimistream/py.typed"}
    assert "kimistream/_core.pyi" in there
    assert "Requires-Dist: " not in re.sub(r"Requires-Dist: .*extra ==.*\n", "", metadata)  # nothing is required


def test_the_wheel_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    site = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    said = run(
        tmp_path / "venv/bin/python",
        "-c",
        "import kimistream as k, sys; print(k.__version__, k.Kimi(api_key='sk-x').base_url, 'asyncio' in sys.modules)",
        env={},
        cwd=tmp_path,
    )
    assert said == f"{VERSION} https://api.moonshot.ai/v1 False\n"


def test_what_is_in_the_source_distribution(sources: Path) -> None:
    with tarfile.open(sources) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    for folder in ("cmake", "cpp", "python", "examples", "tests"):
        kinds = (".py", ".pyi", ".cpp", ".hpp", ".in", ".cmake", ".txt", ".typed")
        needed |= {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.suffix in kinds}
    assert needed - there == set()
    assert [name for name in there if name.startswith(("build", ".venv", "benchmarks"))] == []
