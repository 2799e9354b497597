"""What a chat model is set up with, and what it tells LangChain of itself."""

from __future__ import annotations

import os
from typing import Any

from langchain_core.language_models import BaseChatModel, LangSmithParams
from pydantic import AliasChoices, ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from ..._clients.async_kimi import AsyncKimi
from ..._clients.kimi import Kimi
from ..clients import clients_of, model_of, of_requests


class Settings(BaseChatModel):
    """The fields of ChatKimi, which says what they mean, and the clients that are made of them."""

    model: str | None = Field(default=None, validation_alias=AliasChoices("model", "model_name"))
    api_key: SecretStr | None = None
    provider: str | None = None
    base_url: str | None = None
    timeout: Any = Field(default=None, validation_alias=AliasChoices("timeout", "request_timeout"))
    max_retries: int | None = None
    default_headers: dict[str, str] | None = Field(default=None, repr=False)  # may hold a key
    environment: str | None = None
    on_break: str | None = None
    max_breaks: int | None = None
    continue_on_length: int | None = None
    cassette: Any = None
    history: Any = None

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = Field(default=None, validation_alias=AliasChoices("max_tokens", "max_completion_tokens"))
    stop: list[str] | str | None = Field(default=None, validation_alias=AliasChoices("stop", "stop_sequences"))
    thinking: bool | str | None = None
    check: str = "fix"
    extra_body: dict[str, Any] | None = None
    extra_headers: dict[str, str] | None = Field(default=None, repr=False)
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    streaming: bool = False
    stream_usage: bool = True

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=(), arbitrary_types_allowed=True)

    _client: Kimi = PrivateAttr()
    _async_client: AsyncKimi = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _other_fields(cls, given: Any) -> Any:
        """What has no name here is a field of the API."""
        if not isinstance(given, dict):
            return given
        known = set(cls.model_fields)
        for field in cls.model_fields.values():
            aliases = field.validation_alias
            known |= {str(one) for one in aliases.choices} if isinstance(aliases, AliasChoices) else {field.alias or ""}
        others = {key: value for key, value in given.items() if key not in known}
        kept = {key: value for key, value in given.items() if key in known}
        return {**kept, "model_kwargs": {**others, **(kept.get("model_kwargs") or {})}} if others else kept

    def __init__(self, **given: Any) -> None:
        """InvalidRequestError for what cannot work, such as a missing key; ValidationError for wrong types."""
        super().__init__(**given)
        self._client, self._async_client = clients_of(self)
        if self.api_key is None and self._client._setup.key_variable:  # as LangChain's own models show it
            self.api_key = SecretStr(os.environ[self._client._setup.key_variable])

    @property
    def client(self) -> Kimi:
        """The client that it asks with."""
        return self._client

    @property
    def async_client(self) -> AsyncKimi:
        return self._async_client

    @property
    def _llm_type(self) -> str:
        return "kimistream"

    @property
    def model_name(self) -> str:
        return model_of(self, self._client)

    @property
    def _identifying_params(self) -> dict[str, Any]:
        said = {**self.model_kwargs, **of_requests(self)}
        said.pop("extra_headers", None)
        return {"model": self.model_name, "provider": self._client.provider, **said}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(
            ls_provider=self._client.provider,
            ls_model_name=kwargs.get("model") or self.model_name,
            ls_model_type="chat",
        )
        for name in ("temperature", "max_tokens"):
            value = kwargs.get(name, getattr(self, name))
            if value is not None:
                params[f"ls_{name}"] = value
        ends = stop or kwargs.get("stop") or self.stop
        if ends:
            params["ls_stop"] = [ends] if isinstance(ends, str) else ends
        return params

    def _resolve_model_profile(self) -> Any:
        """What agents of LangChain ask before they choose a way to an answer with a schema."""
        return {
            "tool_calling": True,
            "structured_output": True,
            "reasoning_output": True,
            "image_inputs": True,
            "video_inputs": True,
            "image_tool_message": True,
        }
