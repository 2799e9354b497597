"""`chat.completions.parse` and `.stream`: a class as the response format, tools whose arguments are read."""

from __future__ import annotations

from .. import _core
from .._requests.arguments import is_given
from .._requests.roles import with_words
from .._values.completions import ParsedChatCompletion
from .._values.errors import ContentFilterFinishReasonError, LengthFinishReasonError, SchemaError
from .answers import AnswerSchema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.completions import ChatCompletion, ChatCompletionMessage


class Parsing:
    """What an answer is read as.

    response_format  a pydantic model, a dataclass or a TypedDict; or a dict, which is sent as it is and not read
    tools            of `kimistream.Tool`, functions, pydantic models, openai's `pydantic_function_tool` or dicts; the
                     arguments of strict ones are read, and those that come with a pydantic model become instances of it
    """

    def __init__(self, response_format: Any, tools: Any) -> None:
        self._schema: AnswerSchema | None = None
        self._model: Any = None
        self._format = response_format if is_given(response_format) else None
        if self._format is not None and not isinstance(self._format, dict):
            self._schema = AnswerSchema(self._format)
            self._model = self._format if hasattr(self._format, "model_validate_json") else None
        self.tools = self._declared(tools) if is_given(tools) else None

    @property
    def reads_content(self) -> bool:
        return self._schema is not None

    def arguments(self, row: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
        """Those of `create` that ask for it."""
        asked = {key: value for key, value in arguments.items() if is_given(value)}
        if self.tools is not None:
            asked["tools"] = list(self.tools.values())
        if self._schema is None:
            return asked if self._format is None else {**asked, "response_format": self._format}
        response_format, words = self._schema.asked(row)
        if response_format is not None:
            asked["response_format"] = response_format
        if words is not None:  # where the request cannot say it, the prompt must
            asked["messages"] = with_words(list(asked["messages"]), words)
        return asked

    def parsed(self, completion: ChatCompletion) -> ParsedChatCompletion:
        """The completion with `.parsed` and `.parsed_arguments`. Raises LengthFinishReasonError,
        ContentFilterFinishReasonError, and for what does not fit what pydantic raises, else SchemaError."""
        self.refuse_cut(completion)
        read = ParsedChatCompletion(completion.to_dict())
        read._request_id = completion._request_id
        for choice in read.choices:
            choice.message.parsed = self.content_of(choice.message)
            for call in choice.message.tool_calls or []:
                if call.function is not None:
                    function: Any = call.function
                    function.parsed_arguments = self.arguments_of(function.name, function.arguments)
        return read

    def refuse_cut(self, completion: ChatCompletion) -> None:
        for choice in completion.choices:
            if choice.finish_reason == "length":
                raise LengthFinishReasonError(completion=completion)
            if choice.finish_reason == "content_filter":
                raise ContentFilterFinishReasonError(completion=completion)

    def content_of(self, message: ChatCompletionMessage) -> Any:
        """The answer as the class that was asked for; None where none was, or nothing was answered."""
        if self._schema is None or not message.content or message.refusal:
            return None
        parsed, wrong = self._schema.read(message.content)
        if not wrong:
            return parsed
        if self._model is not None:
            return self._model.model_validate_json(message.content)  # raises, in pydantic's own words
        raise SchemaError(f"the answer does not follow its schema: {'; '.join(wrong)}", message, wrong)

    def arguments_of(self, name: Any, arguments: Any) -> Any:
        """The arguments of a call, where its tool is strict or has a model; else None."""
        function = self._function(name)
        if hasattr(function, "model"):  # openai's PydanticFunctionTool
            return function.model.model_validate_json(arguments)
        if not function.get("strict") or not isinstance(arguments, str):
            return None
        return _core.loads(arguments)

    def is_strict(self, name: str) -> bool:
        return bool(self._function(name).get("strict"))

    def _function(self, name: Any) -> Any:
        return (self.tools or {}).get(name, {}).get("function", {})

    @staticmethod
    def _declared(tools: Any) -> dict[Any, Any]:
        from . import declared

        as_dicts: list[Any] = declared(list(tools))
        return {tool.get("function", {}).get("name", place): tool for place, tool in enumerate(as_dicts)}


def partial_json(text: str) -> Any:
    """What of a JSON text can be read while it grows; None where nothing can, or pydantic is not there."""
    try:
        from pydantic_core import from_json

        return from_json(text, allow_partial="trailing-strings")
    except (ImportError, ValueError):
        return None
