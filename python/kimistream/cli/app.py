"""The commands and their options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .batch_app import batch
from .connect import Target
from .inspect_app import curl, env
from .options import AsJson, Model, OnBreak, Timeout, asks
from .simulate import simulate
from .verify_app import verify

app = typer.Typer(
    help="Ask Kimi from the shell. The key is taken from the provider's variable (MOONSHOT_API_KEY; others are in "
    "`kimistream providers NAME`), else from KIMISTREAM_API_KEY.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as version_of

        try:
            number = version_of("kimistream")
        except PackageNotFoundError:  # run from the sources
            from kimistream import __version__ as number
        typer.echo(f"kimistream {number}")
        raise typer.Exit


@app.command()
@asks
def chat(
    target: Target,
    question: Annotated[
        list[str] | None,
        typer.Argument(
            help='What to ask; "-", or nothing and a pipe, reads it from stdin; nothing on a terminal is a chat.',
            show_default=False,
        ),
    ] = None,
    no_thinking: Annotated[bool, typer.Option("--no-thinking", help="Answer at once, without thinking.")] = False,
    model: Model = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before the question.")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="Limit of thinking and answer together, in tokens.", min=1),
    ] = None,
    on_break: Annotated[
        OnBreak | None,
        typer.Option(
            help="What becomes of an answer that breaks off; continue goes on where it broke.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="Show this picture; may be repeated.")] = None,
    video: Annotated[list[str] | None, typer.Option(help="Show this video; may be repeated.")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(help="Have the text of this document before the question; may be repeated."),
    ] = None,
) -> int:
    """Ask a question, or chat where none is given.

    The answer goes to stdout; thinking is dimmed, or goes to stderr where stdout is a pipe."""
    from .asking import Ask, Shown

    shown = Shown(image or [], video or [], file or [])
    ask = Ask(question or [], not no_thinking, model, system, max_tokens, on_break and on_break.value, shown)
    if not ask.words and sys.stdin.isatty() and sys.stdout.isatty():
        from .talk import run
    else:
        from .chat import run
    return run(target, ask)


@app.command("map")
@asks
def map_rows(
    target: Target,
    source: Annotated[
        str,
        typer.Argument(help="Rows: .jsonl, .json or .csv, each also .gz and .zst, or .parquet.", show_default=False),
    ],
    out: Annotated[
        str, typer.Argument(help="Answers: a .jsonl or .parquet file; started again it goes on.", show_default=False)
    ],
    prompt: Annotated[
        str | None,
        typer.Option(help="Template, such as 'Translate: {text}'. Without it rows are texts or have `messages`."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Field that a row is known by; else a hash of the row.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at once; 100 where nothing is said.", min=1)] = None,
    rpm: Annotated[int | None, typer.Option(help="Requests in any minute.", min=1)] = None,
    tpm: Annotated[int | None, typer.Option(help="Tokens in any minute.", min=1)] = None,
    tpd: Annotated[int | None, typer.Option(help="Tokens in any 24 hours.", min=1)] = None,
    via: Annotated[str, typer.Option(help="chat, or batch: by the provider's batches, cheaper and slower.")] = "chat",
    poll: Annotated[float | None, typer.Option(help="Seconds between looks at a batch.")] = None,
    budget: Annotated[float | None, typer.Option(help="What the run may cost, in the provider's currency.")] = None,
    schema: Annotated[str | None, typer.Option(metavar="FILE", help="A JSON Schema that answers follow.")] = None,
    ordered: Annotated[bool, typer.Option("--ordered", help="At the end OUT stands in the order of SOURCE.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Send again what failed earlier.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on; --no-resume throws away what OUT holds.")] = True,
    model: Model = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before each prompt.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Limit of thinking and answer together.", min=1)] = None,
) -> int:
    """Ask the same of every row of a file. Exit status: 0 all answered, 3 some rows failed, 4 stopped by the budget, 1
    the server refuses, 2 a mistake, 130 stopped by Ctrl-C (once: what is under way ends; twice: now)."""
    from .map import Job, run

    limits = {
        "concurrency": concurrency,
        "rpm": rpm,
        "tpm": tpm,
        "tpd": tpd,
        "budget": budget,
        "via": via,
        "poll": poll,
    }
    how = {"key": key, "ordered": ordered, "retry_failed": retry_failed, "resume": resume}
    request = {"model": model, "system": system, "max_tokens": max_tokens}
    return run(target, Job(source, out, prompt, schema, {**limits, **how, **request}))


@app.command()
@asks
def models(target: Target, as_json: AsJson = False) -> int:
    """List the models and what they can: a table on a terminal, one id a line in a pipe."""
    from .models import run

    return run(target, as_json)


@app.command()
@asks
def balance(target: Target, as_json: AsJson = False) -> int:
    """Show what is left on the account. Where the provider has no such resource, it says so."""
    from .balance import run

    return run(target, as_json)


@app.command()
@asks
def tokens(
    target: Target,
    words: Annotated[
        list[str] | None,
        typer.Argument(help='What to count; "-", or nothing and a pipe, reads it from stdin.', show_default=False),
    ] = None,
    file: Annotated[str | None, typer.Option(help="Count the text of this file.")] = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before it.")] = None,
    model: Model = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Estimate here: no key, no network.")] = False,
    as_json: AsJson = False,
) -> int:
    """Count the tokens of a prompt. Where the provider counts none they are estimated, which stderr says."""
    from .tokens import Prompt, run

    return run(target, Prompt(words or [], file, system, model, estimate), as_json)


@app.command()
def providers(
    name: Annotated[str | None, typer.Argument(help="Show this row whole, as TOML.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the providers that are known: a table on a terminal, one name a line in a pipe; or show one row."""
    from .providers import run

    raise typer.Exit(run(name, as_json))


@app.command()
def probe(
    url: Annotated[str, typer.Argument(help="Address of the API, e.g. http://gpu-7:8000/v1")],
    api_key_variable: Annotated[
        str | None,
        typer.Option(help="The variable that holds this server's key. Without it no key is sent.", show_default=False),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model to ask; else the first Kimi that it lists.")] = None,
    name: Annotated[str, typer.Option(help="What to call the row that is printed.")] = "mine",
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Find out which dialect an unknown server speaks, by one tiny streamed request, a plain one, and one that it
    refuses unread. Prints what was found, and a row for kimistream.toml."""
    from .probe import run

    raise typer.Exit(run(url, api_key_variable, model, name, timeout, as_json))


files = typer.Typer(help="Files at the provider: for their text, for messages, for batches.", no_args_is_help=True)
app.add_typer(files, name="files")


@files.command("upload")
@asks
def upload_files(
    target: Target,
    paths: Annotated[list[str], typer.Argument(help="Files to upload.", show_default=False)],
    purpose: Annotated[
        str | None,
        typer.Option(help="file-extract, image, video or batch; else what the first bytes and the name suggest."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Upload files. Their ids go to stdout, one a line; a bar on stderr shows how far it is."""
    from .files import upload

    return upload(target, paths, purpose, as_json)


@files.command("list")
@asks
def list_files(target: Target, as_json: AsJson = False) -> int:
    """List the files: a table on a terminal, one id a line in a pipe."""
    from .files import show_all

    return show_all(target, as_json)


@files.command("show")
@asks
def show_file(
    target: Target,
    file_id: Annotated[str, typer.Argument(help="Id of a file.", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Show what the provider knows of a file."""
    from .files import show

    return show(target, file_id, as_json)


@files.command("content")
@asks
def file_content(
    target: Target,
    file_id: Annotated[str, typer.Argument(help="Id of a file.", show_default=False)],
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
) -> int:
    """Print what a file holds: the text that was extracted, or its bytes."""
    from .files import content

    return content(target, file_id, output)


@files.command("delete")
@asks
def delete_files(
    target: Target,
    file_ids: Annotated[list[str], typer.Argument(help="Ids of files.", show_default=False)],
) -> int:
    """Delete files."""
    from .files import delete

    return delete(target, file_ids)


log = typer.Typer(
    help="What was asked and answered: the history of clients made with history=..., or under KIMISTREAM_HISTORY.",
    no_args_is_help=True,
)
app.add_typer(log, name="log")

ExchangeId = Annotated[str, typer.Argument(metavar="ID", help="The first word of a line of list.", show_default=False)]


@log.callback()
def log_root(
    context: typer.Context,
    history: Annotated[
        str | None,
        typer.Option(help="The file; else the one in KIMISTREAM_HISTORY, else the usual place.", show_default=False),
    ] = None,
) -> None:
    context.obj = history


@log.command("list")
def list_log(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option(help="No more than the newest so many.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """List the exchanges, the newest first; each line begins with the id."""
    from .log import run

    raise typer.Exit(run(context.obj, [], limit, as_json))


@log.command("search")
def search_log(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="All of them must be in it.", show_default=False)],
    limit: Annotated[int | None, typer.Option(help="No more than the newest so many.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """List the exchanges in which all the words were said, by whomever; as parts of words, too."""
    from .log import run

    raise typer.Exit(run(context.obj, words, limit, as_json))


@log.command("show")
def show_log(context: typer.Context, exchange: ExchangeId, as_json: AsJson = False) -> None:
    """Show one exchange: who was asked what, the thinking, the answer, how it ended."""
    from .log_show import run

    raise typer.Exit(run(context.obj, exchange, as_json))


@log.command("replay")
@asks
def replay_log(target: Target, context: typer.Context, exchange: ExchangeId) -> int:
    """Send a request again, as it was, and show its answer. Whom to ask is as it was where no option says otherwise."""
    from .log_replay import run

    return run(target, context.obj, exchange)


@log.command("export")
def export_log(
    context: typer.Context,
    exchange: ExchangeId,
    form: Annotated[
        str, typer.Option("--as", metavar="FORM", help="curl, python, har or cassette.", show_default=False)
    ],
) -> None:
    """Print an exchange in another form: a command, a program, an HTTP archive, a cassette. None of them holds a key:
    they take it from the variable that it came from."""
    from .log_export import run

    raise typer.Exit(run(context.obj, exchange, form))


@log.command("view")
def view_log(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open nothing.")] = False,
) -> None:
    """Show the history as a page on this machine, with new exchanges as they come. Ctrl-C ends it."""
    from .log_view import run

    raise typer.Exit(run(context.obj, port, no_browser))


app.add_typer(batch, name="batch")
app.command()(curl)
app.command()(env)
app.command()(verify)
app.command()(simulate)
