"""The pages of docs/: their programs run and print what they say, their links lead somewhere, the site is built."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pages
import program
import pytest
from pages import DOCS, FRAMEWORKS, ROOT
from test_files_uploads import MP4, PNG

import kimistream

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

PAGES = sorted(DOCS.rglob("*.md"))
OURS = [page for page in PAGES if FRAMEWORKS not in page.parents]
FILES = {"photo.png": PNG, "clip.mp4": MP4, "report.pdf": b"%PDF-1.4 a short report"}  # what programs find beside them
sys.path.insert(0, str(ROOT / "scripts/docs"))


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def with_programs(language: str) -> list[Path]:
    return [page for page in OURS if pages.program(page, language)[0]]


@pytest.mark.parametrize("page", with_programs("python"), ids=name_of)
def test_python(page: Path, simulator: Simulator, tmp_path: Path) -> None:
    source, outputs = pages.program(page, "python")
    assert outputs, "a page says what its program prints"
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    printed = program.run_python(source, simulator, cwd=tmp_path)
    assert pages.missing(outputs, printed) == [], printed


@pytest.mark.parametrize("page", with_programs("sh"), ids=name_of)
def test_shell(page: Path, simulator: Simulator, tmp_path: Path) -> None:
    source, outputs = pages.program(page, "sh")
    assert outputs, "a page says what its commands print"
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    if python := pages.program(page, "python")[0]:
        program.run_python(python, simulator, cwd=tmp_path)
    printed = pages.run_sh(source, simulator, tmp_path)
    assert pages.missing(outputs, printed) == [], printed


def test_what_is_not_printed_is_missed() -> None:
    assert pages.missing(["one ... two\n", "three\n"], "one, then two, then three") == []
    assert pages.missing(["two\n", "one\n"], "one, two") == ["one"]


def test_fences_are_of_a_kind_that_is_tried() -> None:
    kinds = {(name_of(page), fence.language) for page in OURS for fence in pages.fences(page)}
    assert [kind for kind in sorted(kinds) if kind[1] not in pages.LANGUAGES] == []
    cpp = [page for page in OURS if pages.program(page, "cpp")[0]]
    assert cpp, "package/test_package.py builds them"


def test_each_tutorial_is_there_in_chinese() -> None:
    english, chinese = ({page.name for page in (DOCS / folder).glob("*.md")} for folder in ("tutorial", "zh"))
    assert english == chinese
    for name in sorted(english):
        kinds = [[fence.language for fence in pages.fences(DOCS / folder / name)] for folder in ("tutorial", "zh")]
        assert kinds[0] == kinds[1], name
        cpp = [re.sub(r"//.*", "", pages.program(DOCS / folder / name, "cpp")[0]) for folder in ("tutorial", "zh")]
        assert cpp[0] == cpp[1], name


def test_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = (fence.text for fence in pages.fences(DOCS / "guides/providers.md") if fence.language == "toml")
    file = tmp_path / "kimistream.toml"
    file.write_text(text.replace("providers.mine", "providers.test-docs").replace('"mine"', '"test-docs"'), "utf-8")
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(file))
    monkeypatch.setenv("DEV_KEY", "sk-dev")
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-prod")
    dev, prod = kimistream.Kimi(environment="dev"), kimistream.Kimi(environment="prod")
    assert (dev.provider, dev.base_url) == ("test-docs", "http://gpu-7:8000/v1")
    assert (prod.provider, prod.base_url) == ("moonshot", "https://api.moonshot.ai/v1")


def test_extras_are_told() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    table = project[project.index("[project.optional-dependencies]") : project.index("[project.scripts]")]
    extras = re.findall(r"^([a-z-]+) = \[", table, re.MULTILINE)
    told = (DOCS / "guides/building.md").read_text("utf-8")
    of_developers = ("test", "lint", "types", "browser")
    assert "cli" in extras
    assert [name for name in extras if f"`{name}`" not in told and not name.startswith(of_developers)] == []


# ---- what is made from the code --------------------------------------------------------------------------------------


def test_each_mark_has_its_maker_and_each_maker_makes_something() -> None:
    from made import MAKERS

    marks = {mark for page in PAGES for mark in re.findall(r"<!-- made: (\S+) -->", page.read_text("utf-8"))}
    assert marks == set(MAKERS)
    for name, make in MAKERS.items():
        assert len(make()) > 100, name


def test_errors_and_reasons_have_a_cure() -> None:
    from made.errors import CURES, REASONS, errors

    classes = [name for name in kimistream.__all__ if name.endswith("Error") and name != "OpenAIError"]
    assert sorted(CURES) == sorted(classes)
    assert [name for name in classes if f"`{name}`" not in errors()] == []
    said = kimistream.APIError.__doc__ or ""
    assert sorted(REASONS) == sorted(re.findall(r'"(\w+)"', said[said.index("reason  ") : said.index("retryable  ")]))


def test_providers_are_listed() -> None:
    from made.providers import addresses

    ask = "from kimistream import _core; print(*_core.provider_names())"  # afresh: tests register rows of their own
    ours = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    told = (DOCS / "guides/providers.md").read_text("utf-8")
    assert len(ours) > 10
    assert [name for name in ours if f"`{name}`" not in addresses() or f"`{name}`" not in told] == []


# A notice or a finding is made with its code as a literal, in one of these ways.
_MADE = r'(?:Notice[{(]\s*|note_once\([^"()]*|\.code = |\breport\(|\badd\(|\bkind \+ )'
_CODE = re.compile(_MADE + r'"(_?[a-z]+(?:_[a-z]+)*)"')


def test_warnings_are_explained() -> None:
    page = (DOCS / "reference/warnings.md").read_text("utf-8")
    sources = [path for folder in (".", "rules", "wire") for path in (ROOT / "cpp/src" / folder).glob("*.cpp")]
    codes = {code for path in sources for code in _CODE.findall(path.read_text("utf-8"))}
    assert len(codes) > 70
    assert [code for code in sorted(codes) if not re.search(rf"`\w*{code}\w*`", page)] == []


def test_columns_of_docstrings_become_lists() -> None:
    pytest.importorskip("griffe")
    from docstrings import as_list

    columns = "Starts.\n\nprompt      a text\n            or a list\na, b        two\n\nRaises.\n"
    assert as_list(columns) == "Starts.\n\n- `prompt`: a text\n  or a list\n- `a`, `b`: two\n\nRaises."


# ---- the site --------------------------------------------------------------------------------------------------------


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text("utf-8"))]
    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_each_page_of_a_framework_is_listed_and_runs_as_a_test() -> None:
    index = (FRAMEWORKS / "README.md").read_text("utf-8")
    tests = (Path(__file__).parent / "frameworks" / "test_pages.py").read_text("utf-8")
    names = [page.stem for page in FRAMEWORKS.glob("*.md") if page.name != "README.md"]
    assert len(names) > 10
    assert [name for name in names if f"({name}.md)" not in index or f'"{name}": (' not in tests] == []


def test_the_site_is_built(tmp_path: Path) -> None:
    """Strictly: no dead link, no page that is not listed, no name in the reference that is not there."""
    if not all(importlib.util.find_spec(name) for name in ("mkdocs", "material", "mkdocstrings")):
        pytest.skip("pip install 'kimistream[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    python = (tmp_path / "site/reference/python/index.html").read_text("utf-8")
    public = [name for name in kimistream.__all__ if not name.startswith(("__", "OpenAI", "AsyncOpenAI"))]
    assert [name for name in public if f'id="kimistream.{name}"' not in python] == []
    assert 'id="kimistream.Kimi.request"' in python
    assert "Face object" not in python, "scripts/docs/docstrings.py makes methods of doors"
    assert "<!-- made:" not in "".join(page.read_text("utf-8") for page in (tmp_path / "site").rglob("*.html"))
