"""`kimistream log view`"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from .ending import REFUSED, WRONG_USAGE, CommandError, guarded
from .output import be_lenient, tell

if TYPE_CHECKING:
    from kimistream.recording.viewing.server import Page


def run(history: str | None, port: int, no_browser: bool) -> int:
    be_lenient()
    return guarded(lambda: _view(history, port, no_browser))


def _view(history: str | None, port: int, no_browser: bool) -> int:
    """Never returns by itself: Ctrl-C ends it, and the status says so."""
    from kimistream import InvalidRequestError
    from kimistream.recording.places import path_of
    from kimistream.recording.schema import make_empty

    try:
        from kimistream.recording.viewing.server import Page

        path = path_of(True if history is None else history) or ""
        make_empty(path)  # the page may be there before the first exchange
        page = Page(path, port)
    except (ImportError, InvalidRequestError) as wrong:
        raise CommandError(WRONG_USAGE, str(wrong)) from wrong
    except OSError as wrong:
        raise CommandError(WRONG_USAGE, f"{history}: {wrong.strerror or wrong}") from wrong
    return asyncio.run(_serve(page, port, no_browser))


async def _serve(page: Page, port: int, no_browser: bool) -> int:
    from kimistream import InvalidRequestError

    try:
        await page.start()
    except InvalidRequestError as wrong:
        raise CommandError(WRONG_USAGE, str(wrong)) from wrong
    except OSError as taken:
        raise CommandError(REFUSED, f"cannot listen on port {port}: {taken.strerror or taken}") from taken
    try:
        sys.stdout.write(f"{page.address}\n")
        sys.stdout.flush()
        tell("Ctrl-C ends it.")
        if not no_browser:
            import webbrowser

            await asyncio.to_thread(webbrowser.open, page.address)
        await asyncio.Event().wait()
    finally:
        await page.stop()
    return 0
