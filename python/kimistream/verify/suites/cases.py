"""Files of cases."""

from __future__ import annotations

import json

from ..._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_cases(path: str) -> list[tuple[int, Any]]:
    """(number, JSON) of each line that is not blank. Raises InvalidRequestError."""
    found = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    found.append((number, json.loads(line)))
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InvalidRequestError(f"{path}: line {len(found) + 1} is not JSON: {error}") from error
    return found
