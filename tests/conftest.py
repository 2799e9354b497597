"""Fixtures that every test may use."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from fault_server_client import fault_server, fault_server_process

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

__all__ = ["fault_server", "fault_server_process"]

VARIABLES = ("KIMISTREAM_PROVIDER", "KIMISTREAM_ENVIRONMENT", "KIMISTREAM_CONFIG", "KIMISTREAM_HISTORY")
OF_KEYS = ("_API_KEY", "_API_TOKEN", "_ACCOUNT_ID")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_configure() -> None:
    # A background job of a shell ignores Ctrl-C, and so does all that it starts: its tests would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if importlib.util.find_spec("hypothesis") is None:  # the environments of frameworks and of Ray have none
        return
    from hypothesis import HealthCheck, settings

    # A busy machine fails no test: neither an example nor what makes it has a time to end in.
    settings.register_profile("kimistream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("kimistream")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, provider or proxy of the person who runs the tests."""
    of_keys = [name for name in os.environ if name.endswith(OF_KEYS)]
    for name in (*VARIABLES, *of_keys, *PROXIES, *map(str.upper, PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    pytest.importorskip("aiohttp")
    from kimistream.simulator import Simulator

    with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """The session's simulator, with nothing remembered."""
    simulator_process.reset()
    return simulator_process
