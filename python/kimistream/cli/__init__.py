"""The command `kimistream`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys

from .ending import WRONG_USAGE


def main() -> None:
    """Run the command with the arguments of this process, and exit with its status."""
    try:
        import rich  # noqa: F401  (asked for here, so that a missing one is told before anything runs)
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write("The command line needs two more packages: pip install rich typer\n")
        sys.exit(WRONG_USAGE)
    from .app import app

    app(prog_name="kimistream")
