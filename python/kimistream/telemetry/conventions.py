"""OpenTelemetry's words for generative AI. They are ours: the package of constants has deprecated them all."""

from __future__ import annotations

# github.com/open-telemetry/semantic-conventions-genai, model/manifest.yaml, as it stood before its release 0.1.0, which
# gives the metrics other names.
SCHEMA_URL = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"
SCOPE = "kimistream"

PROVIDER = "moonshot_ai"  # whose model it is, wherever it is served; server.address says where

TOKEN_USAGE = "gen_ai.client.token.usage"
DURATION = "gen_ai.client.operation.duration"
TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"

TOKEN_BUCKETS = [4.0**power for power in range(14)]  # 1 to 67,108,864
SECONDS_BUCKETS = [0.01 * 2.0**power for power in range(14)]  # 0.01 to 81.92

# A field of the request, and the attribute that tells it.
REQUEST_FIELDS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
}
USAGE_FIELDS = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
