"""Whether calls fit the tools that they call. A validator is made once for each tool."""

from __future__ import annotations

import json

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Validators:
    def __init__(self) -> None:
        self._jsonschema = _jsonschema()
        self._made: dict[str, Any] = {}

    def all_fit(self, calls: list[dict[str, Any]], tools: Any) -> bool:
        """Whether every call names a tool and has arguments as its schema says."""
        schemas = {
            tool["function"]["name"]: tool["function"].get("parameters") or {}
            for tool in (tools if isinstance(tools, list) else [])
            if isinstance(tool, dict) and isinstance(tool.get("function"), dict) and "name" in tool["function"]
        }
        return all(self._fits(call.get("function") or {}, schemas) for call in calls)

    def _fits(self, function: dict[str, Any], schemas: dict[str, Any]) -> bool:
        if function.get("name") not in schemas:
            return False
        arguments = function.get("arguments")
        try:
            value = json.loads(arguments) if isinstance(arguments, str) else arguments
            return bool(self.of(schemas[function["name"]]).is_valid(value))
        except (ValueError, RecursionError):
            return False
        except Exception:  # a schema with a reference that leads nowhere
            return False

    def of(self, schema: Any) -> Any:
        """As `jsonschema.validate` would choose it."""
        text = json.dumps(schema, sort_keys=True)
        if text not in self._made:
            kind = self._jsonschema.validators.validator_for(schema)
            self._made[text] = kind(schema)
        return self._made[text]


def _jsonschema() -> Any:
    try:
        import jsonschema  # type: ignore[import-untyped]
    except ImportError as missing:
        raise InvalidRequestError(
            "to look whether calls fit their schemas needs jsonschema: pip install 'kimistream[verify]'"
        ) from missing
    return jsonschema
