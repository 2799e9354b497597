"""By what `kimistream probe` knows a dialect: for each row, what its servers show and how much that says.

The marks are made by `probing.py`. Sources are those of the rows in cpp/src/providers.cpp; a request-id header that a
row names counts without being listed here.
"""

from __future__ import annotations

from collections.abc import Mapping

FINGERPRINTS: Mapping[str, Mapping[str, int]] = {
    "moonshot": {
        "owner:moonshot": 4,
        "models:supports": 3,
        "usage:choice": 2,
        "reasoning:reasoning_content": 1,
        "key:system_fingerprint": 1,
        "id:chatcmpl": 1,
        "error:nested": 1,
    },
    "openrouter": {
        "reasoning:details": 3,
        "key:provider": 3,
        "key:native_finish_reason": 3,
        "id:gen": 3,
        "models:architecture": 2,
        "usage:cost": 2,
        "reasoning:reasoning": 1,
        "usage:repeated": 1,
    },
    "aimlapi": {"key:meta": 5, "reasoning:reasoning_content": 1, "id:chatcmpl": 1, "error:nested": 1},
    "vllm": {
        "owner:vllm": 4,
        "reasoning:reasoning": 2,
        "key:stop_reason": 2,
        "models:max_model_len": 1,
        "id:chatcmpl": 1,
        "usage:empty": 1,
        "calls:functions": 1,
        "error:nested": 1,
    },
    "sglang": {
        "owner:sglang": 4,
        "key:matched_stop": 3,
        "delta:nulls": 2,
        "id:hex": 2,
        "error:flat": 2,
        "reasoning:reasoning_content": 1,
        "models:max_model_len": 1,
        "usage:empty": 1,
        "calls:functions": 1,
    },
    "ktransformers": {
        "reasoning:inline": 9,
        "calls:markup": 3,
        "owner:sglang": 2,
        "key:matched_stop": 3,
        "delta:nulls": 2,
        "id:hex": 2,
        "error:flat": 2,
        "usage:empty": 1,
    },
    "cloudflare": {"error:v4": 5, "reasoning:reasoning": 2, "usage:repeated": 1, "id:id": 2, "calls:functions": 1},
    "litellm": {"id:chatcmpl": 1, "error:nested": 1},
    "portkey": {"error:nested": 1},
    "one-api": {"error:nested": 1},
    "openai-compatible": {"id:chatcmpl": 1, "error:nested": 1},
}
