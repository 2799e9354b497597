"""One row for each dialect in which Kimi is served. A new provider is a new row; nothing else asks for its name.

What a row says was captured live, or stands in the provider's documentation or in the server's source. Where neither is
to be had, the row is as strict as the documentation allows and its comment says "not documented".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..refusing import checks, checks_others
from ..refusing.checks import COMMON, MOONSHOT
from ..values.failures import Failure
from ..values.models import KIMI_CODE, KIMI_K25, MODELS, SELF_HOSTED, moonshot_row, plain_row, priced_row, titled_row
from ..values.reasoning import as_text_and_details
from ..values.terms import continue_final, never, partial_flag, trailing
from .dialect import Dialect
from .gateways import gateways
from .templates import (
    ANY_KEY_OF,
    CACHED,
    CHOICE,
    DATA_OR_WEB,
    ENGINE_CHOICE,
    ENGINE_MESSAGE,
    ENGINE_TYPES,
    FLAT_ERROR,
    FUNCTION,
    HEAD,
    MESSAGES_ERROR,
    OPENAI_ERROR,
    REASONED,
    ROUTER_TYPES,
    TEMPLATE_KEPT,
    TEMPLATE_OFF,
    THINKING_KEPT,
    THINKING_OFF,
    TOO_MANY_TOKENS,
    TOTALS,
    capacity_error,
)
from .translate import last_assistant_is_user, messages_to_chat

_K26 = MODELS["kimi-k2.6"]
# What every server that follows OpenAI's chat completions has in common; fields as OpenAI documents them.
_COMPATIBLE = Dialect(
    checks=COMMON,
    thinking_off=THINKING_OFF + TEMPLATE_OFF,
    thinking_kept=THINKING_KEPT + TEMPLATE_KEPT,
    reasoning_back=ANY_KEY_OF,
    prefill=partial_flag,
    usage_keys=(*TOTALS, CACHED, REASONED),
    chunk=HEAD,
    choice=CHOICE,
    call_start={"index": None, "id": None, "type": None, "function": FUNCTION},
    call_next={"index": None, "function": {"arguments": ""}},
    body={**HEAD, "usage": None},
    body_choice={"index": 0, "message": None, "finish_reason": None},
    message={"role": "assistant", "content": ""},
    error=OPENAI_ERROR,
    stream_error=OPENAI_ERROR,
)

# Moonshot's own API: field order, ids and places of usage as captured live; texts of refusals from its documentation.
_MOONSHOT = replace(
    _COMPATIBLE,
    endpoints=frozenset({"balance", "batches", "estimate", "files"}),
    max_body=100 * 1024 * 1024,
    models=MODELS,
    listed=lambda: [moonshot_row(model) for model in MODELS.values()],
    checks=MOONSHOT,
    images=frozenset({"data", "ms"}),
    videos=frozenset({"data", "ms"}),
    thinking_off=THINKING_OFF,
    thinking_kept=THINKING_KEPT,
    reasoning_back=("reasoning_content",),
    closes_reasoning=True,
    call_id="{name}_{running}",
    builtin_call_id="t-{name}-{hex:.12}",
    usage="both",
    usage_keys=(*TOTALS, (("cached_tokens",), "cached", "omit"), REASONED, CACHED),
    id_headers={"Msh-Request-Id": "{uuid}", "X-Msh-Trace-Id": "{hex}"},
    cache_header="Msh-Context-Cache-Token-Saved",
    chunk={**HEAD, "system_fingerprint": "fpv0_5de57c9a"},
    message={"role": "assistant", "content": "", "reasoning_content": ""},
    error={"error": {"message": None, "type": None}},
    stream_error={"error": {"message": None, "type": None}},
    done_after_error=False,
)

# Tencent Cloud TokenHub: its Kimi guide, and document 1300/80632 for stop, tool_choice and service ids. The envelope of
# errors, ids and whether max_completion_tokens counts are not documented.
_TOKENHUB = replace(
    _MOONSHOT,
    endpoints=frozenset(),
    models={"kimi-k2.6": _K26, "kimi-k2.5": KIMI_K25},
    other_names=r"ep-[\w-]+",
    unknown_model=Failure(404, "resource_not_found_error", "The model {model} does not exist or is not activated"),
    listed=lambda: [plain_row("kimi-k2.6", "tokenhub"), plain_row("kimi-k2.5", "tokenhub")],
    checks=(
        checks.thinking_is_an_exact_object,
        checks.thinking_can_be_switched,
        checks_others.temperature_is(0.6),
        checks.tools_are_few,
        checks.tools_are_tools,
        checks_others.tool_choice_is_one_of(
            *("none", "auto", "required"), sentence="invalid tool_choice: {choice} is not one of none, auto, required"
        ),
        checks.tool_choice_is_known,
        checks.calls_keep_their_reasoning,
        checks.tool_results_have_calls,
        checks.stops_are_texts,
        checks_others.stops_are_at_most(4),
        checks.response_format_is_known,
        checks.limits_fit_the_window,
    ),
    images=DATA_OR_WEB,
    videos=frozenset({"data"}),
    limit_keys=("max_tokens",),
    prefill=never,
    closes_reasoning=False,
    call_id="{name}:{index}",
    usage="empty",
    usage_keys=(*TOTALS, (("prompt_tokens_details", "cached_tokens"), "cached", "keep")),
    id_headers={"X-Request-Id": "{uuid}"},
    cache_header="",
    chunk=HEAD,
    error={"error": {"message": None, "type": None, "code": None}},
    stream_error={"error": {"message": None, "type": None, "code": None}},
)

# Anyfast: its page on Kimi-K2.6. max_tokens "has no effect". A gateway of the one-api family: comments in streams and
# envelopes of errors as those send them, not documented.
_ANYFAST = replace(
    _MOONSHOT,
    endpoints=frozenset(),
    max_body=1 << 30,
    models={"kimi-k2.6": _K26, "kimi-k2.5": KIMI_K25},
    unknown_model=Failure(
        404, "new_api_error", "No available channel for model {model} under group default", code="model_not_found"
    ),
    listed=lambda: [
        plain_row(name, "custom", supported_endpoint_types=["openai"]) for name in ("kimi-k2.6", "kimi-k2.5")
    ],
    checks=(
        checks_others.tool_choice_is_one_of("auto", "none", sentence="invalid tool_choice: {choice} is not supported"),
        checks_others.sampling_is_in_range,
        *(check for check in MOONSHOT if check is not checks.sampling_is_fixed),
    ),
    limit_keys=("max_completion_tokens",),
    call_id="call_{hex:.24}",
    usage="empty",
    usage_keys=(*TOTALS, CACHED),
    id_headers={"X-Oneapi-Request-Id": "{hex}"},
    cache_header="",
    comments=("PING", 5),
    error={"error": {"message": None, "type": None, "param": "", "code": None}},
    stream_error={"error": {"message": None, "type": None, "param": "", "code": None}},
    failures={
        "401": Failure(401, "new_api_error", "Invalid token", code="invalid_api_key"),
        "quota": Failure(403, "new_api_error", "user quota is not enough", code="insufficient_user_quota"),
        "502": Failure(
            502, "new_api_error", "Bad gateway", html="<html><body><h1>502 Bad Gateway</h1></body></html>\n"
        ),
    },
)

# Moonshot's route for the messages protocol: platform.kimi.ai/docs/api/messages, MoonshotAI/Kimi-K2 issue 129 and a
# capture of its first event. Sampling is not in its schema, values that are sent are tolerated.
_MOONSHOT_MESSAGES = replace(
    _MOONSHOT,
    path="/anthropic",
    chat_path="/v1/messages",
    models_path="",
    endpoints=frozenset(),
    keys={"Authorization": "Bearer {key}", "x-api-key": "{key}"},
    translate=messages_to_chat,
    checks=(
        checks.thinking_can_be_switched,
        checks.tools_are_few,
        checks.tools_are_moonshots,
        checks_others.tool_is_not_named_while_thinking,
        checks.tool_choice_is_known,
        checks.calls_keep_their_reasoning,
        checks.tool_results_have_calls,
        checks.stops_are_texts,
        checks.stops_are_few_and_short,
        checks.response_format_is_known,
        checks.limits_fit_the_window,
    ),
    images=frozenset({"data", "http", "https", "ms"}),
    videos=frozenset({"data", "http", "https", "ms"}),
    limit_keys=("max_tokens",),
    protocol="messages",
    error_event="error",
    response_id="msg_{hex:.24}",
    call_id="tool_{hex:.24}",
    builtin_call_id="tool_{hex:.24}",
    error=MESSAGES_ERROR,
    stream_error=MESSAGES_ERROR,
    failures={"overloaded": Failure(529, "overloaded_error", "Overloaded", {"Retry-After": "1"})},
)

# Kimi Code, the subscription: kimi.com/code/docs, error reference.
_KIMI_CODE = replace(
    _MOONSHOT_MESSAGES,
    path="/coding",
    models_path="/v1/models",
    keys={"x-api-key": "{key}"},
    models=KIMI_CODE,
    listed=lambda: [moonshot_row(model) for model in KIMI_CODE.values()],
    max_message_bytes=2_097_152,
    too_large="total message size {size} exceeds limit {limit}",
    id_headers={"x-trace-id": "{hex}", "x-request-id": "{uuid}"},
    cache_header="",
    failures={
        **_MOONSHOT_MESSAGES.failures,
        "402": Failure(402, "payment_required_error", "Your membership does not cover this model"),
        "403": Failure(
            403,
            "access_terminated_error",
            "Kimi For Coding is currently only available for Coding Agents such as Kimi CLI",
        ),
    },
)

_OR_ERROR = {"error": {"message": None, "code": None, "metadata": {"error_type": None}}}
_OR_DELTA = {"content": "", "role": "assistant"}
_OR_CHUNK = {"id": None, "object": None, "created": None, "model": None, "provider": "Moonshot AI", "choices": None}
_OR_CREDITS = Failure(402, "payment_required", "Insufficient credits. Add more at https://openrouter.ai/credits")
_OR_DOCS = "https://openrouter.ai/docs/errors#capacity_exhausted"
_OR_RATE = {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000000000"}

# OpenRouter: frames as charmbracelet/fantasy recorded them; OpenRouterTeam/docs, errors-and-debugging, reasoning-tokens
# and limits. Moonshot is the upstream here: what that refuses comes back as text in the metadata.
_OPENROUTER = replace(
    _COMPATIBLE,
    path="/api/v1",
    models={"moonshotai/kimi-k2.6": _K26.unfixed(), "moonshotai/kimi-k2.5": KIMI_K25.unfixed()},
    other_names=r"~moonshotai/kimi-latest|moonshotai/kimi-k2\.6:\w+",
    unknown_model=Failure(404, "not_found", "No endpoints found for {model}."),
    listed=lambda: [
        priced_row("moonshotai/kimi-k2.6", "MoonshotAI: Kimi K2.6"),
        priced_row("moonshotai/kimi-k2.5", "MoonshotAI: Kimi K2.5"),
    ],
    list_body={"data": None},
    checks=(
        checks_others.effort_or_budget,
        checks_others.sampling_is_in_range,
        checks_others.endpoints_take_it("moonshot ai", "moonshotai", "moonshotai/int4"),
        *COMMON,
        checks_others.upstream("Moonshot AI", checks.calls_keep_their_reasoning, checks.tool_results_have_calls),
    ),
    thinking_off=((("reasoning", "effort"), "none"), (("reasoning", "enabled"), False)),
    thinking_kept=(),
    thinking_hidden=((("reasoning", "exclude"), True), (("include_reasoning",), False)),
    reasoning_back=("reasoning_details", "reasoning", "reasoning_content"),
    prefill=trailing,
    reported="moonshotai/{id}-20260420",
    reasoning="reasoning",
    reasoning_shape=as_text_and_details,
    response_id="gen-{created}-{hex:.20}",
    call_id="functions.{name}:{running}",
    usage="repeat",
    usage_keys=(
        *TOTALS,
        (("cost",), "cost", "keep"),
        (("is_byok",), "no", "keep"),
        (("prompt_tokens_details", "cached_tokens"), "cached", "keep"),
        *(
            (("prompt_tokens_details", key), "zero", "keep")
            for key in ("cache_write_tokens", "audio_tokens", "video_tokens")
        ),
        (("cost_details", "upstream_inference_cost"), "cost", "keep"),
        (("cost_details", "upstream_inference_prompt_cost"), "prompt_cost", "keep"),
        (("cost_details", "upstream_inference_completions_cost"), "completion_cost", "keep"),
        REASONED,
        *((("completion_tokens_details", key), "zero", "keep") for key in ("image_tokens", "audio_tokens")),
    ),
    id_headers={},
    reply_headers={"X-Generation-Id": "{id}"},
    opening=("OPENROUTER PROCESSING",) * 3,
    padding=(b"\n         \n", b"\n         \n"),
    chunk=_OR_CHUNK,
    choice={**CHOICE, "native_finish_reason": None},
    first_delta=None,
    delta=_OR_DELTA,
    call_delta={"content": None},
    finish_delta={"reasoning": None},
    body={**_OR_CHUNK, "usage": None},
    body_choice={"logprobs": None, "finish_reason": None, "native_finish_reason": None, "index": 0, "message": None},
    message={"role": "assistant", "content": "", "refusal": None, "reasoning": None},
    error=_OR_ERROR,
    stream_error={
        **_OR_CHUNK,
        **_OR_ERROR,
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
    },
    error_types=ROUTER_TYPES,
    done_after_error=False,
    failures={
        "401": Failure(401, "unauthorized", "No auth credentials found"),
        **dict.fromkeys(("402", "quota", "suspended"), _OR_CREDITS),
        "429": Failure(429, "rate_limit_exceeded", "Rate limit exceeded: free-models-per-min", _OR_RATE),
        "overloaded": Failure(
            429, "rate_limit_exceeded", "", {"Retry-After": "1"}, body=capacity_error("moonshotai/kimi-k2.6", _OR_DOCS)
        ),
        "content_filter": Failure(403, "forbidden", "Input was flagged by moderation"),
    },
)

# AI/ML API: its page on kimi-k2-6 (schema) and docs/capabilities/request-tracing-and-cost. The envelope of errors and
# whether `thinking` is passed on are not documented.
_AIMLAPI = replace(
    _MOONSHOT,
    endpoints=frozenset(),
    max_body=1 << 30,
    models={"moonshot/kimi-k2-6": _K26.unfixed(), "moonshot/kimi-k2-5": KIMI_K25.unfixed()},
    unknown_model=Failure(404, "not_found_error", "Model not found: {model}"),
    listed=lambda: [titled_row("moonshot/kimi-k2-6", "Kimi K2.6"), titled_row("moonshot/kimi-k2-5", "Kimi K2.5")],
    checks=(
        checks_others.messages_are_strict,
        checks_others.stream_options_are_complete,
        checks_others.sampling_is_in_range,
        checks.stops_are_texts,
        checks_others.stops_are_at_most(4),
        *COMMON,
        checks.tool_results_have_calls,
        checks.calls_keep_their_reasoning,
    ),
    images=DATA_OR_WEB,  # read and then refused as not being text
    videos=DATA_OR_WEB,
    limit_keys=("max_tokens",),
    prefill=never,
    reported="{id}",
    closes_reasoning=False,
    usage="empty",
    usage_keys=TOTALS,
    usage_beside={"meta": {"usage": {"credits_used": 0, "usd_spent": 0}}},
    id_headers={"x-inference-id": "{uuid}"},
    body_headers={"x-aimlapi-credits-used": "{credits_used}", "x-aimlapi-usd-spent": "{usd_spent}"},
    echoes={"x-client-request-id": r"[A-Za-z0-9._:-]{1,128}"},
    cache_header="",
    chunk=HEAD,
    error=OPENAI_ERROR,
    stream_error=OPENAI_ERROR,
    failures={
        "quota": Failure(403, "permission_denied_error", "You have run out of credits. Please top up your balance")
    },
)

# vLLM with its kimi_k2 parsers: `reasoning` is the key since vLLM renamed it, ids are the model's own; the model card
# has videos on the official API only. vllm/entrypoints/openai/chat_completion.
_VLLM = replace(
    _COMPATIBLE,
    keys={},
    gives_choices=True,
    models={SELF_HOSTED.id: SELF_HOSTED},
    unknown_model=Failure(404, "NotFoundError", "The model `{model}` does not exist."),
    listed=lambda: [SELF_HOSTED.row("vllm")],
    checks=(
        checks_others.sampling_is_in_range,
        checks_others.generation_prompt_is_off,
        checks_others.no_videos,
        checks_others.prompt_fits(TOO_MANY_TOKENS),
        *COMMON,
    ),
    thinking_off=TEMPLATE_OFF,
    thinking_kept=TEMPLATE_KEPT,
    thinking_hidden=((("include_reasoning",), False),),
    reasoning_back=("reasoning", "reasoning_content"),
    prefill=continue_final,
    reasoning="reasoning",
    response_id="chatcmpl-{hex}",
    call_id="functions.{name}:{running}",
    builtin_call_id="functions.{name}:{running}",
    named_finish="stop",  # vLLM issue 43155
    usage_keys=TOTALS,
    finish_delta={"content": ""},
    finish_choice={**CHOICE, "stop_reason": None},
    call_start={"id": None, "type": None, "index": None, "function": {"name": None}},
    body_choice=ENGINE_CHOICE,
    body={**HEAD, "service_tier": None, "system_fingerprint": None, "usage": None, "prompt_logprobs": None},
    message=ENGINE_MESSAGE,
    error_types=ENGINE_TYPES,
)

# SGLang writes every key of its models, null where unset; errors are flat outside a stream, nested within one. It
# answers to every model's name. sglang/srt/entrypoints/openai/serving_chat.py.
_SGLANG = replace(
    _VLLM,
    models={},
    listed=lambda: [SELF_HOSTED.row("sglang")],
    translate=last_assistant_is_user,
    checks=(
        checks_others.sampling_is_in_range,
        checks_others.arguments_are_objects,
        checks_others.no_videos,
        checks_others.prompt_fits(
            "The input ({requested} tokens) is longer than the model's context length ({window} tokens)."
        ),
        *COMMON,
    ),
    thinking_off=(*TEMPLATE_OFF, (("reasoning", "effort"), "none"), (("reasoning", "enabled"), False)),
    thinking_hidden=(),
    reasoning_back=("reasoning_content",),
    reasoning="reasoning_content",
    response_id="{hex}",
    named_finish="tool_calls",
    usage_keys=(
        *TOTALS,
        (("prompt_tokens_details", "cached_tokens"), "cached", "null"),
        (("reasoning_tokens",), "reasoning", "keep"),
    ),
    chunk={**HEAD, "usage": None},
    choice={"index": 0, "delta": None, "logprobs": None, "finish_reason": None, "matched_stop": None},
    delta={"role": None, "content": None, "reasoning_content": None, "tool_calls": None},
    finish_delta={},
    finish_choice=None,
    call_start={"id": None, "index": None, "type": None, "function": FUNCTION},
    call_next={"id": None, "index": None, "type": "function", "function": {"name": None, "arguments": ""}},
    body={**HEAD, "usage": None, "metadata": {"weight_version": "default"}},
    body_choice={"index": 0, "message": None, "logprobs": None, "finish_reason": None, "matched_stop": None},
    message={"role": "assistant", "content": "", "reasoning_content": None, "tool_calls": None},
    error=FLAT_ERROR,
    stream_error={"error": FLAT_ERROR},
)

# KTransformers: SGLang's server, launched without parsers as its guide shows (doc/en/Kimi-K2.5.md).
_KTRANSFORMERS = replace(
    _SGLANG,
    listed=lambda: [replace(SELF_HOSTED, id="Kimi-K2.6").row("sglang")],
    limit_keys=("max_tokens", "max_completion_tokens"),
    quirks=("markup-in-content", "think-closed-in-content"),
)

_V4_ERROR = {"success": False, "errors": [{"code": None, "message": None}], "messages": [], "result": {}}

# Cloudflare Workers AI: changelog of 2026-04-20, the model's schema, platform/errors; frames as cloudflare/ai met them.
# The engine's frames and the two that the platform adds at the end order their keys in different ways.
_CLOUDFLARE = replace(
    _VLLM,
    path="/client/v4/accounts/{account}/ai/v1",
    keys={"Authorization": "Bearer {key}"},
    models={"@cf/moonshotai/kimi-k2.6": _K26.unfixed(), "@cf/moonshotai/kimi-k2.5": KIMI_K25.unfixed()},
    unknown_model=Failure(400, "invalid_request_error", "AiError: No such model {model} or task", code=5007),
    listed=lambda: [plain_row(f"@cf/moonshotai/{name}", "cloudflare") for name in ("kimi-k2.6", "kimi-k2.5")],
    checks=(
        checks_others.tool_choice_is_one_of(
            *("auto", "none", "required"), sentence="AiError: Invalid input: tool_choice '{choice}'", code=8001
        ),
        checks_others.sampling_is_in_range,
        checks_others.no_videos,
        *COMMON,
    ),
    thinking_kept=(*TEMPLATE_KEPT, (("chat_template_kwargs", "clear_thinking"), False)),
    thinking_hidden=(),
    prefill=never,
    response_id="id-{millis}",
    call_id="functions.{name}:{index}",
    builtin_call_id="functions.{name}:{index}",
    usage="twice",
    id_headers={"cf-ray": "{hex:.16}-SIN"},
    chunk={"id": None, "created": None, "model": None, "object": None, "choices": None},
    choice={"delta": None, "finish_reason": None, "index": 0, "logprobs": None},
    finish_delta={},
    finish_chunk=HEAD,
    finish_choice=CHOICE,
    call_start={"id": None, "type": None, "index": None, "function": FUNCTION},
    call_end={"id": None, "type": None, "index": None, "function": {"name": None, "arguments": ""}},
    error=_V4_ERROR,
    stream_error=_V4_ERROR,
    error_codes={400: 5004, 401: 10000, 403: 5018, 404: 3042, 405: 5019, 408: 3007, 413: 3006, 429: 3040, 500: 3001},
    done_after_error=False,
    failures={
        "401": Failure(401, "invalid_authentication_error", "Authentication error"),
        "quota": Failure(*(429, "quota", "You have used up your daily free allocation of 10,000 neurons."), code=3036),
        "overloaded": Failure(
            *(429, "overloaded", "Capacity temporarily exceeded, please try again."), {"Retry-After": "1"}, code=3040
        ),
    },
)

DIALECTS: Mapping[str, Dialect] = {
    "moonshot": _MOONSHOT,
    "moonshot-cn": _MOONSHOT,
    "tokenhub": _TOKENHUB,
    "anyfast": _ANYFAST,
    "openrouter": _OPENROUTER,
    "aimlapi": _AIMLAPI,
    "vllm": _VLLM,
    "sglang": _SGLANG,
    "ktransformers": _KTRANSFORMERS,
    "cloudflare": _CLOUDFLARE,
    "moonshot-anthropic": _MOONSHOT_MESSAGES,
    "kimi-code": _KIMI_CODE,
    **gateways(_COMPATIBLE, _MOONSHOT),
    "openai-compatible": replace(_COMPATIBLE, gives_choices=True),
}
