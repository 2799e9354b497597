"""Rows of gateways that people run in front of a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..refusing import checks_others
from ..refusing.checks import COMMON
from ..values.failures import Failure
from ..values.models import KIMI_K25, MODELS, plain_row
from .dialect import Dialect
from .templates import THINKING_KEPT, THINKING_OFF
from .translate import without


def gateways(compatible: Dialect, moonshot: Dialect) -> Mapping[str, Dialect]:
    """By name. `compatible` is what follows OpenAI's protocol, `moonshot` the provider behind those that pass it on."""
    # LiteLLM's proxy, moonshot/ behind it: measured with 1.108.7. Codes are texts; the upstream's headers come with a
    # prefix, and Retry-After has no other name. The refusal of an unknown model is not documented.
    litellm = replace(
        compatible,
        models={"kimi-k2.6": MODELS["kimi-k2.6"].unfixed(), "kimi-k2.5": KIMI_K25.unfixed()},
        unknown_model=Failure(400, "invalid_request_error", "Invalid model name passed in model={model}"),
        listed=lambda: [plain_row("kimi-k2.6", "openai"), plain_row("kimi-k2.5", "openai")],
        checks=(checks_others.params_are_allowed("thinking"), *COMMON),
        thinking_off=THINKING_OFF,
        thinking_kept=THINKING_KEPT,
        reasoning_back=("reasoning_content",),
        id_headers={"x-litellm-call-id": "{uuid}", "llm_provider-msh-request-id": "{uuid}"},
        error_codes={
            status: str(status) for status in (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503)
        },
        done_after_error=False,
        failures={
            "overloaded": Failure(
                429,
                "throttling_error",
                "litellm.RateLimitError: MoonshotException - The engine is currently overloaded",
                {"llm_provider-retry-after": "1"},
            ),
        },
    )

    # Portkey's gateway, provider openai with Moonshot as its custom host: measured with 1.15.2. Answers pass byte for
    # byte, of requests what OpenAI does not have is dropped.
    portkey = replace(
        moonshot,
        endpoints=frozenset(),
        translate=without("thinking", "prompt_cache_key", "partial"),
        needed_header="x-portkey-provider",
        id_headers={"Msh-Request-Id": "{uuid}", "x-portkey-trace-id": ""},
        cache_header="",
    )

    # one-api in front of Moonshot: measured with 8df4a26. Requests pass untouched, comments of the upstream are
    # dropped, what broke on the way ends with [DONE] like everything else (the quirk cut-with-done).
    one_api = replace(
        moonshot,
        endpoints=frozenset(),
        unknown_model=Failure(
            503,
            "one_api_error",
            "\u5f53\u524d\u5206\u7ec4 default \u4e0b\u5bf9\u4e8e\u6a21\u578b {model} \u65e0\u53ef\u7528\u6e20\u9053",
        ),
        id_headers={"X-Oneapi-Request-Id": "{hex}"},
        cache_header="",
        error={"error": {"message": None, "type": None, "param": "", "code": None}},
        stream_error={"error": {"message": None, "type": None, "param": "", "code": None}},
        failures={
            "401": Failure(401, "one_api_error", "\u65e0\u6548\u7684\u4ee4\u724c"),
            "overloaded": Failure(
                429,
                "one_api_error",
                "\u5f53\u524d\u5206\u7ec4\u4e0a\u6e38\u8d1f\u8f7d\u5df2\u9971\u548c\uff0c\u8bf7\u7a0d\u540e\u518d\u8bd5",
                {"Retry-After": "1"},
            ),
            "quota": Failure(
                403, "one_api_error", "\u7528\u6237\u989d\u5ea6\u4e0d\u8db3", code="insufficient_user_quota"
            ),
        },
    )
    return {"litellm": litellm, "portkey": portkey, "one-api": one_api}
