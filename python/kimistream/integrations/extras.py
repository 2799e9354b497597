"""What is said where a framework is not installed."""

from __future__ import annotations


def missing(extra: str, error: ImportError) -> ImportError:
    """An ImportError that names what to install."""
    words = f"kimistream.integrations.{extra.replace('-', '_')} needs a package that is not installed ({error})"
    return ImportError(f"{words}: pip install 'kimistream[{extra}]'", name=error.name)
