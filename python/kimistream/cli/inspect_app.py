"""`kimistream curl` and `kimistream env`: their options."""

from __future__ import annotations

from typing import Annotated

import typer

from .connect import Target
from .options import AsJson, Model, asks


@asks
def curl(
    target: Target,
    question: Annotated[
        list[str] | None,
        typer.Argument(help='What to ask; "-", or nothing and a pipe, reads it from stdin.', show_default=False),
    ] = None,
    no_thinking: Annotated[bool, typer.Option("--no-thinking", help="Answer at once, without thinking.")] = False,
    model: Model = None,
    system: Annotated[str | None, typer.Option(help="Instructions that come before the question.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Limit of thinking and answer together, in tokens.", min=1)
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="Show this picture; may be repeated.")] = None,
    video: Annotated[list[str] | None, typer.Option(help="Show this video; may be repeated.")] = None,
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="curl, python or json.")] = "curl",
    stream: Annotated[bool, typer.Option("--stream", help="Ask for the answer in pieces.")] = False,
    openapi: Annotated[str | None, typer.Option(help="Hold it against this OpenAPI file, too.")] = None,
) -> int:
    """Print the request that `chat` would send, as a command for curl, and send nothing. The key is named by its
    variable. Exit status 3 where an OpenAPI file is given and the request is not as it says."""
    from .curl import Ask, run

    ask = Ask(question or [], not no_thinking, model, system, max_tokens, image or [], video or [])
    return run(target, ask, form, stream, openapi)


def env(
    name: Annotated[
        str | None,
        typer.Argument(help='An environment to switch to: eval "$(kimistream env NAME)"', show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the environments of kimistream.toml, and which one is in use; or, with a name, print what makes a shell use
    it: eval "$(kimistream env NAME)". "" is none."""
    from .env import run

    raise typer.Exit(run(name, as_json))
