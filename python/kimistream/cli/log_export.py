"""`kimistream log export`"""

from __future__ import annotations

import sys

from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .log import found, opened
from .output import be_lenient, tell


def run(history: str | None, exchange: str, form: str) -> int:
    be_lenient()
    return guarded(lambda: _export(history, exchange, form))


def _export(history: str | None, exchange: str, form: str) -> int:
    from kimistream.recording.exports import FORMS

    if form not in FORMS:
        raise CommandError(WRONG_USAGE, f"There is no form {form!r}: --as takes {', '.join(FORMS)}.")
    with opened(history) as connection:
        entry = found(connection, exchange)
    if form in ("curl", "python") and (missing := entry.recorded.missing_media()):
        tell(
            f"note: {len(missing)} of its media {'is' if len(missing) == 1 else 'are'} too large for a history, which "
            "names them by their SHA-256: put them back before it is sent."
        )
    sys.stdout.write(FORMS[form](entry))
    sys.stdout.flush()
    return DONE
