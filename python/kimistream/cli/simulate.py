"""`kimistream simulate`"""

from __future__ import annotations

import threading

from . import REFUSED, WRONG_USAGE
from .failures import CommandError, guarded
from .output import tell

_WAIT = 3600.0  # seconds; a wait without end cannot be interrupted by Ctrl-C on every platform


def run(*, host: str, port: int, dialect: str, pace: float, error: str | None) -> int:
    return guarded(lambda: _serve(host, port, dialect, pace, error))


def _serve(host: str, port: int, dialect: str, pace: float, error: str | None) -> int:
    """Never returns by itself: Ctrl-C ends it, and the status says so."""
    try:
        from kimistream.simulator import Simulator

        simulator = Simulator(host=host, port=port, dialect=dialect, pace=pace, error=error, record=0)
    except (ImportError, ValueError) as wrong:
        raise CommandError(WRONG_USAGE, str(wrong)) from wrong
    try:
        simulator.start()
    except OSError as taken:
        raise CommandError(REFUSED, f"cannot listen on {host}:{port}: {taken.strerror or taken}") from taken
    with simulator:
        tell(_how_to_use(simulator.base_url, simulator.api_key, dialect))
        while True:
            threading.Event().wait(_WAIT)


def _how_to_use(base_url: str, api_key: str, dialect: str) -> str:
    return (
        f"Simulating {dialect} on {base_url}\n"
        f"    export MOONSHOT_API_KEY={api_key}\n"
        f'    kimistream chat --provider {dialect} --base-url {base_url} "Which is bigger, 9.11 or 9.9?"\n'
        f'    Kimi(provider="{dialect}", base_url="{base_url}", api_key="{api_key}")\n'
        "Ctrl-C ends it."
    )
