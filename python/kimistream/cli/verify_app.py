"""`kimistream verify`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from .connect import Target
from .options import Model, asks


@asks
def verify(
    target: Target,
    requests: Annotated[
        str | None,
        typer.Argument(help="Requests, as K2-Vendor-Verifier has them; of --suite its cases.", show_default=False),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Results, a line as each request ends; started again it goes on.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Results of the maker's own API, to be compared with.", show_default=False)
    ] = None,
    suite: Annotated[str | None, typer.Option(help="params, tools or tokens, in place of requests.")] = None,
    model: Model = None,
    concurrency: Annotated[int, typer.Option(help="Requests at once.", min=1)] = 5,
    max_tokens: Annotated[int | None, typer.Option(help="In place of what the requests say.", min=1)] = None,
    temperature: Annotated[float | None, typer.Option(help="In place of what the requests say.")] = None,
    extra_body: Annotated[str | None, typer.Option(help="JSON that is merged into every request.")] = None,
    report: Annotated[str, typer.Option(help="table, json or html, on stdout.")] = "table",
) -> int:
    """See whether a provider serves Kimi as its maker does: the job of K2-Vendor-Verifier, with its files and figures.
    Exit status: 0 all well, 3 some failed, 2 a mistake, 1 the server refuses."""
    from .verify import Job, run

    return run(
        target, Job(requests, out, reference, suite, model, concurrency, max_tokens, temperature, extra_body, report)
    )
