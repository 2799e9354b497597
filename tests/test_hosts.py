"""Rows of hosts and clouds: where they are, whose key goes there, how the model is called and thinking switched."""

from __future__ import annotations

from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import HOSTS, KEY, completion, sent

from kimistream import InvalidRequestError, Kimi, providers

MOONSHOTS_OWN = {"thinking": {"type": "disabled"}}
TEMPLATE = {"chat_template_kwargs": {"thinking": False}}

# address, variable of the key, what kimi-k2.6 is called, what thinking=False says
SAID: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "together": ("https://api.together.ai/v1", "TOGETHER_API_KEY", "moonshotai/Kimi-K2.6",
                 {"reasoning": {"enabled": False}}),
    "fireworks": ("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", "accounts/fireworks/models/kimi-k2p6",
                  {"reasoning_effort": "none"}),
    "novita": ("https://api.novita.ai/openai", "NOVITA_API_KEY", "moonshotai/kimi-k2.6", MOONSHOTS_OWN),
    "baseten": ("https://inference.baseten.co/v1", "BASETEN_API_KEY", "moonshotai/Kimi-K2.6", MOONSHOTS_OWN),
    "deepinfra": ("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY", "moonshotai/Kimi-K2.6", MOONSHOTS_OWN),
    "siliconflow": ("https://api.siliconflow.com/v1", "SILICONFLOW_API_KEY", "kimi-k2.6", MOONSHOTS_OWN),
    "nvidia": ("https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY", "moonshotai/kimi-k2.6", TEMPLATE),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY", "kimi-k2.6", MOONSHOTS_OWN),
    "vercel": ("https://ai-gateway.vercel.sh/v1", "AI_GATEWAY_API_KEY", "moonshotai/kimi-k2.6", MOONSHOTS_OWN),
    "huggingface": ("https://router.huggingface.co/v1", "HF_TOKEN", "moonshotai/Kimi-K2.6", MOONSHOTS_OWN),
    "databricks": ("https://{account_id}.cloud.databricks.com/serving-endpoints", "DATABRICKS_TOKEN", "kimi-k2.6",
                   MOONSHOTS_OWN),
    "bedrock": ("https://bedrock-mantle.{account_id}.api.aws/openai/v1", "AWS_BEARER_TOKEN_BEDROCK", "kimi-k2.6",
                MOONSHOTS_OWN),
    "azure": ("https://{account_id}.services.ai.azure.com/openai/v1", "AZURE_API_KEY", "kimi-k2.6", MOONSHOTS_OWN),
    "ollama": ("http://localhost:11434/v1", "OLLAMA_API_KEY", "kimi-k2.6", MOONSHOTS_OWN),
    "llama.cpp": ("http://localhost:8080", "LLAMA_API_KEY", "kimi-k2.6", TEMPLATE),
    "cloudflare-native": ("https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/run", "CLOUDFLARE_API_TOKEN",
                          "@cf/moonshotai/kimi-k2.6",
                          {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}}),
}  # fmt: skip


def test_all_are_looked_at() -> None:
    assert list(SAID) == HOSTS


@pytest.mark.parametrize("provider", HOSTS)
def test_a_row_says_what_its_source_says(fault_server: FaultServer, provider: str) -> None:
    address, variable, model, off = SAID[provider]
    row = providers()[provider]
    assert (row["base_url"], row["key_variables"][0]) == (address, variable)
    url = fault_server.url(Script().json(200, completion()))
    with Kimi(api_key=KEY, provider=provider, base_url=url) as client:
        client.complete("hi", model="kimi-k2.6", thinking=False)
    body = sent(fault_server, url)
    assert body["model"] == model
    assert {key: body[key] for key in off} == off


def test_the_account_is_a_part_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "sk-bedrock")
    with Kimi(provider="bedrock") as client:
        assert client.base_url == "https://bedrock-mantle.us-east-1.api.aws/openai/v1"
    with Kimi(base_url="https://mine.openai.azure.com/openai/v1", api_key=KEY) as client:
        assert client.provider == "azure"
    with pytest.raises(InvalidRequestError, match="AWS_BEARER_TOKEN_BEDROCK"):
        Kimi(provider="bedrock", base_url="https://bedrock-mantle.evil.example/openai/v1")


def test_the_model_stands_in_the_path(fault_server: FaultServer) -> None:
    result = {"result": {"response": "Hello", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}, "success": True}
    url = fault_server.url(Script().json(200, result))
    with Kimi(api_key=KEY, provider="cloudflare-native", base_url=url, max_retries=0) as client:
        message = client.complete("hi", extra_query={"x": "y z"})
    (seen,) = fault_server.requests(url)
    assert seen["target"].endswith("/@cf/moonshotai/kimi-k2.6?x=y%20z")
    assert message.text == "Hello"
    assert message.usage is not None
    assert message.usage.prompt_tokens == 3


def test_no_usage_is_asked_for_where_that_makes_a_server_hang(fault_server: FaultServer) -> None:
    assert providers()["nvidia"]["stream_usage"] == {}
