"""The plugin for pytest, in a pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from fault_server_client import FaultServer
from kit import KEY, stream_of

from _kimistream_pytest import path_of

pytest_plugins = ["pytester"]

PLUGIN = "_kimistream_pytest"


@pytest.fixture
def suite(pytester: pytest.Pytester, fault_server: FaultServer) -> str:
    """Two tests that ask a server; its address."""
    url = fault_server.url(stream_of("Hello"))
    pytester.makepyfile(
        test_weather=f"""
        import pytest
        from kimistream import Kimi

        @pytest.mark.parametrize("city", ["Oslo", "a/b:c"])
        def test_city(kimi_cassette, city):
            client = Kimi(api_key="{KEY}", base_url="{url}", cassette=kimi_cassette)
            assert client.complete("How is the weather in " + city).text == "Hello"

        def test_mode(kimi_cassette):
            print("the mode is", kimi_cassette.mode)
        """
    )
    return url


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # As a program of its own, where the plugin is found by its entry point.
    return pytester.runpytest_subprocess("-rA", "-p", "no:cacheprovider", *arguments)


def test_the_package_registers_it() -> None:
    assert PLUGIN in {point.value for point in entry_points(group="pytest11")}


def test_what_has_no_cassette_is_recorded_and_then_played(
    pytester: pytest.Pytester, suite: str, fault_server: FaultServer
) -> None:
    run(pytester).assert_outcomes(passed=3)
    folder = pytester.path / "cassettes" / "test_weather"
    assert {path.name for path in folder.iterdir()} == {"test_city[Oslo].jsonl", "test_city[a_b_c].jsonl"}
    for path in folder.iterdir():
        header, exchange = path.read_text("utf-8").splitlines()
        assert json.loads(header) == {"kimistream_cassette": 1}
        assert "weather" in exchange
        assert KEY not in exchange
    assert len(fault_server.requests(suite)) == 2
    run(pytester).assert_outcomes(passed=3)
    assert len(fault_server.requests(suite)) == 2


def test_none_records_nothing_and_all_everything(
    pytester: pytest.Pytester, suite: str, fault_server: FaultServer
) -> None:
    result = run(pytester, "--kimi-record=none", "-k", "city")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*InvalidRequestError*there is no cassette*test_city*Oslo*"])
    assert not (pytester.path / "cassettes").exists()
    run(pytester, "--kimi-record=once", "-k", "city").assert_outcomes(passed=2)
    run(pytester, "--kimi-record=none", "-k", "city").assert_outcomes(passed=2)
    assert len(fault_server.requests(suite)) == 2
    run(pytester, "--kimi-record=all", "-k", "city").assert_outcomes(passed=2)
    assert len(fault_server.requests(suite)) == 4
    for path in (pytester.path / "cassettes" / "test_weather").iterdir():
        assert len(path.read_text("utf-8").splitlines()) == 2


def test_the_mode_is_the_options(pytester: pytest.Pytester, suite: str) -> None:
    for option, mode in (("once", "once"), ("all", "record")):
        run(pytester, f"--kimi-record={option}", "-k", "mode").stdout.fnmatch_lines([f"the mode is {mode}"])
    assert run(pytester, "--kimi-record=some").ret == pytest.ExitCode.USAGE_ERROR


def test_a_miss_fails_the_test_and_says_why(pytester: pytest.Pytester, suite: str) -> None:
    run(pytester, "-k", "Oslo").assert_outcomes(passed=1)
    (source,) = pytester.path.glob("test_weather.py")
    source.write_text(source.read_text().replace("How is the weather", "How was the weather"))
    result = run(pytester, "-k", "Oslo")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CassetteMissError*", "*How is the weather in Oslo*How was the weather in Oslo*"])


def test_the_path_of_a_cassette() -> None:
    def name(test: str) -> str:
        return path_of(Path("tests/sub/test_x.py"), test).name

    assert path_of(Path("tests/sub/test_x.py"), "test_a") == Path("tests/sub/cassettes/test_x/test_a.jsonl")
    assert name('test_a[<b>:"c"/d\\e|f?*]') == "test_a[_b___c__d_e_f__].jsonl"
    assert name("test_a[\n\0\x7f]") == "test_a[___].jsonl"
    assert name("test_a[天气 äß]") == "test_a[天气 äß].jsonl"
    assert name(" . ") == "_.jsonl"
    long = name("test_" + "天" * 300)
    assert len(long.encode()) <= 255
    assert long != name("test_" + "天" * 301)


def test_it_imports_nothing_heavy() -> None:
    program = f"""
import sys
import pytest
before = set(sys.modules)
import {PLUGIN}
print(sorted(set(sys.modules) - before - {{{PLUGIN!r}}}))
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded == "[]\n"
