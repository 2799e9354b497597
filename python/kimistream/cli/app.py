"""The commands and their options."""

from __future__ import annotations

from typing import Annotated

import typer

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
    model: Annotated[str | None, typer.Option(help="Model, by its name at the provider.")] = None,
    provider: Provider = None,
    base_url: BaseUrl = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before the question.")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="Limit of thinking and answer together, in tokens.", min=1),
    ] = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
) -> None:
    """Ask a question. The answer goes to stdout; thinking is dimmed, or goes to stderr where stdout is a pipe."""
    from .chat import Ask, run
    from .connect import Target

    target = Target(provider, base_url, timeout, simulate)
    ask = Ask(question or [], not no_thinking, model, system, max_tokens)
    raise typer.Exit(run(target, ask))


@app.command()
def models(
    provider: Provider = None,
    base_url: BaseUrl = None,
    timeout: Timeout = None,
    simulate: Simulate = False,
) -> None:
    """List the models: a table on a terminal, one id a line in a pipe."""
    from .connect import Target
    from .models import run

    raise typer.Exit(run(Target(provider, base_url, timeout, simulate)))


@app.command()
def simulate(
    host: Annotated[str, typer.Option(help="Where to listen: a loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8080,
    dialect: Annotated[str, typer.Option(help="Whom to imitate: moonshot, vllm, sglang, ...")] = "moonshot",
    pace: Annotated[float, typer.Option(help="Seconds for each token; 0 is as fast as possible.", min=0)] = 0.02,
    error: Annotated[
        str | None,
        typer.Option(help='Answer every request with this error: a status, or "429*2" for the first two.'),
    ] = None,
) -> None:
    """Serve Kimi's API on this machine, to try programs without a key. Ctrl-C ends it."""
    from .simulate import run

    raise typer.Exit(run(host=host, port=port, dialect=dialect, pace=pace, error=error))
