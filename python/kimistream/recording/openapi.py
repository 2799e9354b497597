"""Requests and responses against an OpenAPI file. Needs the extra `openapi`."""

from __future__ import annotations

import json
import os

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any

_MOST_ERRORS = 50


class Description:
    """An OpenAPI document, 3.0 or 3.1."""

    def __init__(self, document: dict[str, Any]) -> None:
        if not isinstance(document.get("paths"), dict):
            raise InvalidRequestError("the document has no paths: is it an OpenAPI file?")
        self._document = document
        self._validators: dict[str, Any] = {}

    @classmethod
    def of(cls, openapi: str | PathLike[str] | dict[str, Any] | Description) -> Description:
        if isinstance(openapi, Description):
            return openapi
        if isinstance(openapi, dict):
            return cls(openapi)
        path = os.fspath(openapi)
        try:
            with open(path, encoding="utf-8") as file:
                return cls(_read(path, file.read()))
        except (OSError, ValueError) as error:
            if isinstance(error, InvalidRequestError):
                raise
            raise InvalidRequestError(f"{path} cannot be read as an OpenAPI file: {error}") from error

    def request_errors(self, method: str, url: str, body: Any) -> list[str]:
        """What is wrong with a request's body, "path: what is wrong"."""
        operation = self._operation(method, url)
        return self._errors(self._resolved(operation.get("requestBody") or {}), body, f"{method} {url}: request")

    def response_errors(self, method: str, url: str, status: int, body: Any) -> list[str]:
        """The same of an answer's."""
        responses = self._operation(method, url).get("responses") or {}
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in responses:
                return self._errors(self._resolved(responses[name]), body, f"{method} {url}: {status}")
        raise InvalidRequestError(f"the document does not describe a {status} of {method} {url}")

    def _operation(self, method: str, url: str) -> dict[str, Any]:
        path = f"/{url.partition('://')[2].partition('/')[2]}".partition("?")[0] if "://" in url else url
        for template, item in self._document["paths"].items():
            if path.endswith(template) or _fits(template, path):
                operation = item.get(method.lower())
                if operation is not None:
                    return operation  # type: ignore[no-any-return]
        raise InvalidRequestError(f"the document does not describe {method} {path}")

    def _resolved(self, node: Any) -> dict[str, Any]:
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            at: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node if isinstance(node, dict) else {}

    def _errors(self, node: dict[str, Any], body: Any, name: str) -> list[str]:
        content = node.get("content") or {}
        media = next((content[kind] for kind in content if "json" in kind), None)
        if media is None or "schema" not in media:
            return []
        validator = self._validators.get(name)
        if validator is None:
            validator = self._validators[name] = self._validator(media["schema"])
        found = []
        for error in validator.iter_errors(body):
            deepest = _best(error)
            found.append(f"{deepest.json_path}: {deepest.message[:300]}")
            if len(found) == _MOST_ERRORS:
                break
        return found

    def _validator(self, schema: dict[str, Any]) -> Any:
        jsonschema = _jsonschema()
        whole = {"allOf": [schema], "components": self._document.get("components", {})}
        if str(self._document.get("openapi", "")).startswith("3.0"):
            whole = _without_nullable(whole)
        return jsonschema.Draft202012Validator(whole)


def _fits(template: str, path: str) -> bool:
    import re

    pattern = re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(template))
    return re.search(f"{pattern}$", path) is not None


def _best(error: Any) -> Any:
    return _jsonschema().exceptions.best_match([error])


def _without_nullable(node: Any) -> Any:
    """3.0 says `nullable` where JSON Schema says a type more."""
    if isinstance(node, list):
        return [_without_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _without_nullable(item) for key, item in node.items()}
    if made.get("nullable") is True:
        del made["nullable"]
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _jsonschema() -> Any:
    try:
        import jsonschema  # type: ignore[import-untyped]
    except ImportError as missing:
        raise InvalidRequestError(
            "to look at requests by an OpenAPI file needs jsonschema: pip install 'kimistream[openapi]'"
        ) from missing
    return jsonschema


def _read(path: str, text: str) -> Any:
    if not path.endswith((".yaml", ".yml")):
        return json.loads(text)
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as missing:
        raise InvalidRequestError("an OpenAPI file as YAML needs PyYAML: pip install pyyaml") from missing
    return yaml.safe_load(text)
