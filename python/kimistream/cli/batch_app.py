"""`kimistream batch` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from .connect import Target
from .options import AsJson, Model, asks

batch = typer.Typer(help="Batches: requests that the provider answers in its own time, for less.", no_args_is_help=True)

BatchId = Annotated[str, typer.Argument(metavar="ID", help="Id of a batch.", show_default=False)]
Poll = Annotated[float | None, typer.Option(help="Seconds between looks; else 1, growing to 60.", min=0.01)]


@batch.command("submit")
@asks
def submit_batch(
    target: Target,
    source: Annotated[str, typer.Argument(help="Rows: .jsonl, .json or .csv, also .gz and .zst.", show_default=False)],
    prompt: Annotated[
        str | None,
        typer.Option(help="Template, such as 'Translate: {text}'. Without it rows are texts or have `messages`."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Field that a row is known by; else a hash of the row.")] = None,
    window: Annotated[str, typer.Option(help="In which it is to be done, 12h to 7d.")] = "24h",
    model: Model = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before each prompt.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Limit of thinking and answer together.", min=1)] = None,
    as_json: AsJson = False,
) -> int:
    """Begin a batch of one request a row. Its id goes to stdout."""
    from .batch import Rows, submit

    request = {"model": model, "system": system, "max_tokens": max_tokens}
    return submit(target, Rows(source, prompt, key, window, request), as_json)


@batch.command("list")
@asks
def list_batches(target: Target, as_json: AsJson = False) -> int:
    """List the batches: a table on a terminal, one id a line in a pipe."""
    from .batch import show_all

    return show_all(target, as_json)


@batch.command("status")
@asks
def batch_status(target: Target, batch_id: BatchId, as_json: AsJson = False) -> int:
    """Show how a batch stands."""
    from .batch import status

    return status(target, batch_id, as_json)


@batch.command("wait")
@asks
def wait_for_batch(
    target: Target,
    batch_id: BatchId,
    poll: Poll = None,
    limit: Annotated[float | None, typer.Option("--for", help="Seconds to wait at most.", min=0)] = None,
) -> int:
    """Wait until a batch has ended, with its counts on stderr. Ctrl-C ends the waiting, not the batch. Exit status: 0
    completed, 3 some failed or it ended otherwise, 1 it is not over in time."""
    from .batch import wait

    return wait(target, batch_id, poll, limit)


@batch.command("results")
@asks
def batch_results(
    target: Target,
    batch_id: BatchId,
    poll: Poll = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write them to this file.")] = None,
) -> int:
    """Write the rows of a batch, in the input's order, as the lines of `kimistream map`; waits for its end first. Exit
    status 3 where some failed."""
    from .batch import results

    return results(target, batch_id, poll, output)


@batch.command("cancel")
@asks
def cancel_batch(target: Target, batch_id: BatchId) -> int:
    """Cancel a batch. Once more, or too late, does no harm."""
    from .batch import cancel

    return cancel(target, batch_id)
