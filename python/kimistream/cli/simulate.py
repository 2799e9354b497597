"""`kimistream simulate`"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .ending import REFUSED, WRONG_USAGE, CommandError, guarded
from .output import tell

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

_WAIT = 3600.0  # seconds; a wait without end cannot be interrupted by Ctrl-C on every platform


def simulate(
    host: Annotated[str, typer.Option(help="Where to listen: a loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8080,
    dialect: Annotated[str | None, typer.Option(help="Whom to imitate, see --list-dialects.")] = None,
    pace: Annotated[float, typer.Option(help="Seconds for each token; 0 is as fast as possible.", min=0)] = 0.02,
    usage: Annotated[
        str | None,
        typer.Option(help="Where streams carry usage: choice, finish, empty, both, repeat, twice, none."),
    ] = None,
    quirk: Annotated[
        list[str] | None,
        typer.Option(help="A defect of streams, see --list-quirks; may be given more than once."),
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(
            help='Answer every request with this error, see --list-errors: a status or a name, or "429*2" for the '
            "first two requests."
        ),
    ] = None,
    continuation_error: Annotated[
        str | None, typer.Option(help="The same for requests that want an answer continued which they have begun.")
    ] = None,
    retry_after: Annotated[str | None, typer.Option(help="Retry-After of that error.")] = None,
    midstream_error: Annotated[
        str | None,
        typer.Option(help='An error within every stream, after three events; "500@5" after five.'),
    ] = None,
    cut_after: Annotated[
        str | None,
        typer.Option(
            help='Cut every stream after so many events; "120b" after 120 bytes, "5*1" the first one only, "5 rst" '
            "with a reset (or silence, error, done)."
        ),
    ] = None,
    stall: Annotated[
        str | None,
        typer.Option(help='Seconds of silence after the head; "2@5" after five events, "2@head" before the head.'),
    ] = None,
    script: Annotated[
        str | None,
        typer.Option(
            help="A file of answers to give in place of its own words: .jsonl, one a line for the requests in turn, or "
            ".json. An answer is a text, or an object with content, reasoning, tool_calls, finish_reason or error."
        ),
    ] = None,
    max_body: Annotated[int | None, typer.Option(help="Bytes of a request; more is refused.", min=1)] = None,
    max_file: Annotated[int | None, typer.Option(help="Bytes of an uploaded file; more is refused.", min=1)] = None,
    list_dialects: Annotated[bool, typer.Option("--list-dialects", help="Show the dialects and exit.")] = False,
    list_quirks: Annotated[bool, typer.Option("--list-quirks", help="Show the quirks and exit.")] = False,
    list_errors: Annotated[bool, typer.Option("--list-errors", help="Show the errors and exit.")] = False,
) -> None:
    """Serve Kimi's API on this machine, to try programs without a key. Ctrl-C ends it."""
    if list_dialects or list_quirks or list_errors:
        raise typer.Exit(guarded(lambda: _list(list_dialects, list_quirks, list_errors)))
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "pace": pace,
        "usage": usage,
        "quirks": quirk or (),
        "error": error,
        "continuation_error": continuation_error,
        "retry_after": retry_after,
        "midstream_error": midstream_error,
        "cut_after": cut_after,
        "stall": stall,
        "max_body": max_body,
        "max_file": max_file,
        **({} if dialect is None else {"dialect": dialect}),
    }
    raise typer.Exit(guarded(lambda: _serve(options, script)))


def _list(dialects: bool, quirks: bool, errors: bool) -> int:
    """One name a line, with what it means where that is not plain; on stdout, to be piped."""
    try:
        from kimistream.simulator import DIALECTS, FAILURES, QUIRKS
    except ImportError as wrong:
        raise CommandError(WRONG_USAGE, str(wrong)) from wrong
    lines = list(DIALECTS) if dialects else []
    lines += [f"{name:<24} {quirk.about}" for name, quirk in QUIRKS.items()] if quirks else []
    lines += [f"{name:<16} {failure.status} {failure.message}" for name, failure in FAILURES.items()] if errors else []
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _serve(options: dict[str, Any], script: str | None) -> int:
    """Never returns by itself: Ctrl-C ends it, and the status says so."""
    try:
        from kimistream.simulator import Simulator, load_script

        answer = None if script is None else load_script(script)
        simulator = Simulator(**options, answer=answer, record=0)
    except (ImportError, ValueError) as wrong:
        raise CommandError(WRONG_USAGE, str(wrong)) from wrong
    try:
        simulator.start()
    except OSError as taken:
        where = f"{options['host']}:{options['port']}"
        raise CommandError(REFUSED, f"cannot listen on {where}: {taken.strerror or taken}") from taken
    with simulator:
        tell(_how_to_use(simulator))
        while True:
            threading.Event().wait(_WAIT)


def _how_to_use(simulator: Simulator) -> str:
    """The key is set for one command alone: an export would take the place of the real one."""
    from kimistream import _core
    from kimistream._requests.keys import FOR_ANYBODY

    base_url, api_key, dialect = simulator.base_url, simulator.api_key, simulator.dialect
    variable = next(iter(_core.provider_row(dialect)["key_variables"]), FOR_ANYBODY)
    return (
        f"Simulating {dialect} on {base_url}\n"
        f"    {variable}={api_key} kimistream chat --provider {dialect} --base-url {base_url} "
        '"Which is bigger, 9.11 or 9.9?"\n'
        f'    Kimi(provider="{dialect}", base_url="{base_url}", api_key="{api_key}")\n'
        "Ctrl-C ends it."
    )
