"""The commands and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from .simulate import simulate

app = typer.Typer(
    help="Ask Kimi from the shell. The key is taken from MOONSHOT_API_KEY, else from KIMI_API_KEY.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Provider = Annotated[
    str | None,
    typer.Option(help="Who serves Kimi: moonshot (the default), moonshot-cn, openrouter, vllm, sglang, ..."),
]
BaseUrl = Annotated[str | None, typer.Option(help="Address of the API, in place of the provider's own.")]
Environment = Annotated[
    str | None,
    typer.Option(help="An environment of kimistream.toml: its address, key variable, model and options."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Model = Annotated[str | None, typer.Option(help="Model, by its name at the provider.")]
Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds for connect, first event and silence, each.", min=0.001),
]
Simulate = Annotated[bool, typer.Option("--simulate", help="Ask the built-in simulator: no key, no network.")]


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
def chat(
    question: Annotated[
        list[str] | None,
        typer.Argument(help='What to ask; "-", or nothing and a pipe, reads it from stdin.', show_default=False),
    ] = None,
    no_thinking: Annotated[bool, typer.Option("--no-thinking", help="Answer at once, without thinking.")] = False,
    model: Model = None,
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before the question.")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="Limit of thinking and answer together, in tokens.", min=1),
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="Show this picture; may be repeated.")] = None,
    video: Annotated[list[str] | None, typer.Option(help="Show this video; may be repeated.")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(help="Have the text of this document before the question; may be repeated."),
    ] = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
) -> None:
    """Ask a question. The answer goes to stdout; thinking is dimmed, or goes to stderr where stdout is a pipe."""
    from .chat import Ask, Shown, run
    from .connect import Target

    target = Target(provider, base_url, timeout, simulate, environment)
    shown = Shown(image or [], video or [], file or [])
    ask = Ask(question or [], not no_thinking, model, system, max_tokens, shown)
    raise typer.Exit(run(target, ask))


@app.command()
def models(
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """List the models and what they can: a table on a terminal, one id a line in a pipe."""
    from .connect import Target
    from .models import run

    raise typer.Exit(run(Target(provider, base_url, timeout, simulate, environment), as_json))


@app.command()
def balance(
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """Show what is left on the account. Where the provider has no such resource, it says so."""
    from .balance import run
    from .connect import Target

    raise typer.Exit(run(Target(provider, base_url, timeout, simulate, environment), as_json))


@app.command()
def tokens(
    words: Annotated[
        list[str] | None,
        typer.Argument(help='What to count; "-", or nothing and a pipe, reads it from stdin.', show_default=False),
    ] = None,
    file: Annotated[str | None, typer.Option(help="Count the text of this file.")] = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before it.")] = None,
    model: Model = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Estimate here: no key, no network.")] = False,
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """Count the tokens of a prompt. Where the provider counts none they are estimated, which stderr says."""
    from .connect import Target
    from .tokens import Prompt, run

    target = Target(provider, base_url, timeout, simulate, environment)
    raise typer.Exit(run(target, Prompt(words or [], file, system, model, estimate), as_json))


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
def upload_files(
    paths: Annotated[list[str], typer.Argument(help="Files to upload.", show_default=False)],
    purpose: Annotated[
        str | None,
        typer.Option(help="file-extract, image, video or batch; else what the first bytes and the name suggest."),
    ] = None,
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """Upload files. Their ids go to stdout, one a line; a bar on stderr shows how far it is."""
    from .connect import Target
    from .files import upload

    raise typer.Exit(upload(Target(provider, base_url, timeout, simulate, environment), paths, purpose, as_json))


@files.command("list")
def list_files(
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """List the files: a table on a terminal, one id a line in a pipe."""
    from .connect import Target
    from .files import show_all

    raise typer.Exit(show_all(Target(provider, base_url, timeout, simulate, environment), as_json))


@files.command("show")
def show_file(
    file_id: Annotated[str, typer.Argument(help="Id of a file.", show_default=False)],
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
    as_json: AsJson = False,
) -> None:
    """Show what the provider knows of a file."""
    from .connect import Target
    from .files import show

    raise typer.Exit(show(Target(provider, base_url, timeout, simulate, environment), file_id, as_json))


@files.command("content")
def file_content(
    file_id: Annotated[str, typer.Argument(help="Id of a file.", show_default=False)],
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
) -> None:
    """Print what a file holds: the text that was extracted, or its bytes."""
    from .connect import Target
    from .files import content

    raise typer.Exit(content(Target(provider, base_url, timeout, simulate, environment), file_id, output))


@files.command("delete")
def delete_files(
    file_ids: Annotated[list[str], typer.Argument(help="Ids of files.", show_default=False)],
    provider: Provider = None,
    base_url: BaseUrl = None,
    environment: Environment = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
) -> None:
    """Delete files."""
    from .connect import Target
    from .files import delete

    raise typer.Exit(delete(Target(provider, base_url, timeout, simulate, environment), file_ids))


app.command()(simulate)
