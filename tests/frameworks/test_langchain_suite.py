"""The whole of langchain-tests' chat-model tests, unit and integration, against the simulator."""

from __future__ import annotations

import base64
from typing import Any

import pytest

suites = pytest.importorskip("langchain_tests.integration_tests.chat_models")

from langchain_tests.integration_tests import ChatModelIntegrationTests  # noqa: E402
from langchain_tests.unit_tests import ChatModelUnitTests  # noqa: E402

from kimistream.integrations.langchain import ChatKimi  # noqa: E402  (after the question whether it can be had)
from kimistream.simulator import Simulator  # noqa: E402

SIM = Simulator(pace=0).start()
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGP8z8Dwn4EIwESMolGFAAxeAQ+1ZC5LAAAAAElFTkSuQmCC"
_DETAILS = ["reasoning_output", "cache_read_input"]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures that the suite fetches from the web come from here."""

    class Answer:
        content = base64.b64decode(_PNG)

    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-the-shell")
    monkeypatch.setattr(suites.httpx, "get", lambda *_, **__: Answer())
    return


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[ChatKimi]:
        return ChatKimi

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "kimi-k2.6"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"MOONSHOT_API_KEY": "api_key"}, {"model": "kimi-k2.6"}, {"api_key": "api_key"}


class TestIntegration(ChatModelIntegrationTests):
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = False  # Moonshot takes no web addresses
    supports_image_tool_message = True
    supports_video_inputs = True
    supports_anthropic_inputs = True
    model_override_value = "kimi-k2.7-code"

    @property
    def chat_model_class(self) -> type[ChatKimi]:
        return ChatKimi

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "kimi-k2.6", "base_url": SIM.base_url, "api_key": SIM.api_key, "provider": "moonshot"}

    @property
    def supported_usage_metadata_details(self) -> Any:
        return {"invoke": _DETAILS, "stream": _DETAILS}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> Any:
        return self._ask(stream, "What is the capital of France?")

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> Any:
        self._ask(stream, "x " * 3000)
        return self._ask(stream, "x " * 3000)

    def _ask(self, stream: bool, text: str) -> Any:
        model = ChatKimi(**self.chat_model_params)
        if not stream:
            return model.invoke(text)
        whole: Any = None
        for chunk in model.stream(text):
            whole = chunk if whole is None else whole + chunk
        return whole
