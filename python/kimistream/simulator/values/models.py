"""One row for each model: what it takes, what it fixes (Moonshot docs, "Models overview" and "Create chat completion").

The ids are those of Moonshot's GET /v1/models; kimi-k2.5 and older were retired and answer 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# GET /v1/models dates its rows with the time of some deployment, not of a release.
LISTED_AT = 1_788_143_653

# Sampling that the K2.6 family fixes; any other value is a 400, leaving the field out is always right.
_THINKING = {"temperature": 1, "top_p": 0.95, "n": 1, "presence_penalty": 0, "frequency_penalty": 0}
_INSTANT = {**_THINKING, "temperature": 0.6}


@dataclass(frozen=True)
class Model:
    """What the simulator knows of a model.

    context_length     tokens, prompt and answer together
    fixed              the only value that a sampling field may have, by mode ("thinking", "instant")
    thinking_optional  False: thinking cannot be switched off
    thinking_keepable  False: the reasoning of earlier turns cannot be kept
    required_while_thinking   tool_choice "required" is taken with thinking on
    extra              further keys of its row in GET /v1/models
    """

    id: str
    context_length: int = 262_144
    fixed: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {"thinking": _THINKING, "instant": _INSTANT}
    )
    thinking_optional: bool = True
    thinking_keepable: bool = True
    required_while_thinking: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def unfixed(self) -> Model:
        """The model where the server leaves sampling to the caller."""
        return replace(self, fixed={})

    def row(self, owner: str) -> dict[str, Any]:
        """As a self-hosted server lists it."""
        return {
            "id": self.id,
            "object": "model",
            "created": LISTED_AT,
            "owned_by": owner,
            "root": self.id,
            "parent": None,
            "max_model_len": self.context_length,
        }


_EFFORTS = {"support": True, "valid_efforts": ["low", "high", "max"], "default_effort": "max"}

_K3 = Model(
    "kimi-k3",
    context_length=1_048_576,
    required_while_thinking=True,
    extra={"supports_dynamic_tools": True, "think_efforts": _EFFORTS},
)

MODELS: Mapping[str, Model] = {
    model.id: model
    for model in (
        Model("kimi-k2.6"),
        Model("kimi-k2.7-code", thinking_optional=False),
        Model("kimi-k2.7-code-highspeed", thinking_optional=False),
        _K3,
        # Known from lists of prices (litellm 1.110.2) only; whatever else it does is K3's.
        replace(_K3, id="kimi-k3.1-pro"),
        replace(_K3, id="kimi-k3.1-pro-highspeed"),
    )
}

# Kimi Code's own names; the smaller K3 as its GET /v1/models has it (anomalyco/models.dev#3698).
KIMI_CODE: Mapping[str, Model] = {
    model.id: model
    for model in (
        Model("kimi-for-coding", extra={"display_name": "Kimi for Coding"}),
        replace(_K3, id="k3"),
        replace(
            _K3,
            id="k3-256k",
            context_length=262_144,
            thinking_optional=False,
            extra={"supports_video_in": False, "supports_thinking_type": "only", "think_efforts": _EFFORTS},
        ),
    )
}

# Served by others still; its `thinking` knows no `keep`.
KIMI_K25 = Model("kimi-k2.5", thinking_keepable=False)

# How a served model of any name behaves where the operator chose its name and nothing is fixed.
SELF_HOSTED = Model("moonshotai/Kimi-K2.6", fixed={})


def plain_row(model_id: str, owner: str, **extra: Any) -> dict[str, Any]:
    """As OpenAI's GET /models has it, which is all that most gateways copy."""
    return {"id": model_id, "object": "model", "created": LISTED_AT, "owned_by": owner, **extra}


def priced_row(model_id: str, title: str) -> dict[str, Any]:
    """As a router lists it: prices in dollars for a token, as texts."""
    return {
        "id": model_id,
        "canonical_slug": f"{model_id}-20260420",
        "name": title,
        "created": LISTED_AT,
        "context_length": 262_144,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000095", "completion": "0.000004", "input_cache_read": "0.00000016"},
        "supported_parameters": ["max_tokens", "reasoning", "response_format", "tools", "tool_choice"],
    }


def titled_row(model_id: str, title: str) -> dict[str, Any]:
    return {"id": model_id, "type": "chat-completion", "info": {"name": title, "contextLength": 262_144}}


def moonshot_row(model: Model) -> dict[str, Any]:
    """A model as Moonshot lists it."""
    return {
        "id": model.id,
        "object": "model",
        "created": LISTED_AT,
        "owned_by": "moonshot",
        "permission": [
            {
                "created": 0,
                "id": "",
                "object": "",
                "organization": "moonshot",
                "group": "moonshot",
                "is_blocking": False,
            }
        ],
        "root": "",
        "parent": "",
        "supports_image_in": True,
        "supports_video_in": True,
        "supports_reasoning": True,
        "context_length": model.context_length,
        **model.extra,
    }
