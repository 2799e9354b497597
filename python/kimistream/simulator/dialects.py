"""One row for each dialect in which Kimi is served. A new provider is a new row; nothing else asks for its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .checks import COMMON, MOONSHOT, Check
from .models import MODELS, moonshot_row, served_row

Path = tuple[str, ...]

# Where a stream can carry usage; the names are the values of Simulator(usage=...).
USAGE_PLACES: Mapping[str, frozenset[str]] = {
    "choice": frozenset({"choice"}),  # choices[0].usage of the finish frame
    "finish": frozenset({"finish"}),  # top level of the finish frame
    "empty": frozenset({"empty"}),  # a frame of its own with choices: [], when include_usage was asked for
    "both": frozenset({"choice", "empty"}),
}


@dataclass(frozen=True)
class Dialect:
    """How one kind of server speaks. Templates give the keys in their order with the value they have when unset.

    path              where the API lives on the server
    endpoints         which of "chat", "models", "balance", "estimate" it has
    key_required      False: any key is taken, and none
    any_model         True: every model name is answered, False: only those of models.MODELS
    models            rows of GET /models
    checks            what it refuses, in this order
    media_schemes     kinds of address an image or a video may have
    thinking_off      settings of which any one switches thinking off
    thinking_kept     settings of which any one keeps the reasoning of earlier turns
    prefill_message   key of the last assistant message that asks to continue it; "" where there is none
    prefill_body      the same as a key of the body
    reasoning         key of the reasoning in messages and deltas
    closes_reasoning  an empty reasoning delta follows the last one
    response_id       {hex} is 32 hexadecimal digits
    call_id           {name}; {index} within the turn; {running} over the conversation; {hex}
    usage             default place, a key of USAGE_PLACES
    usage_keys        (path, counter, what to do at zero: "keep", "omit")
    id_headers        response headers that name the request; {hex} and {uuid}
    cache_header      response header with the number of cached tokens, sent on a hit; "" where there is none
    finish_delta      delta of the finish frame
    finish_extra      further keys of the finish frame's choice
    call_start, call_next   first and later fragments of a streamed tool call
    error, stream_error     envelopes of a refusal and of an error within a stream
    error_types             the dialect's own type names by status
    done_after_error        [DONE] also follows an error within a stream
    """

    path: str = "/v1"
    endpoints: frozenset[str] = frozenset({"chat", "models"})
    key_required: bool = True
    any_model: bool = True
    models: Callable[[], list[dict[str, Any]]] = lambda: [served_row("simulator")]
    checks: tuple[Check, ...] = COMMON
    media_schemes: frozenset[str] = frozenset({"data", "http", "https"})
    thinking_off: tuple[tuple[Path, Any], ...] = ()
    thinking_kept: tuple[tuple[Path, Any], ...] = ()
    prefill_message: str = ""
    prefill_body: str = ""
    reasoning: str = "reasoning_content"
    closes_reasoning: bool = False
    response_id: str = "chatcmpl-{hex:.24}"
    call_id: str = "call_{hex:.24}"
    builtin_call_id: str = "call_{hex:.24}"
    usage: str = "empty"
    usage_keys: tuple[tuple[Path, str, str], ...] = ()
    id_headers: Mapping[str, str] = field(default_factory=lambda: {"X-Request-Id": "{uuid}"})
    cache_header: str = ""
    chunk: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    delta: Mapping[str, Any] = field(default_factory=dict)
    finish_delta: Mapping[str, Any] = field(default_factory=dict)
    finish_extra: Mapping[str, Any] = field(default_factory=dict)
    call_start: Mapping[str, Any] = field(default_factory=dict)
    call_next: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    body_choice: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    stream_error: Mapping[str, Any] = field(default_factory=dict)
    error_types: Mapping[int, str] = field(default_factory=dict)
    done_after_error: bool = True


_HEAD = {"id": None, "object": None, "created": None, "model": None, "choices": None}
_CHOICE = {"index": 0, "delta": None, "finish_reason": None}
_FUNCTION = {"name": None, "arguments": ""}
_OPENAI_ERROR = {"error": {"message": None, "type": None, "param": None, "code": None}}
_TOTALS: tuple[tuple[Path, str, str], ...] = (
    (("prompt_tokens",), "prompt", "keep"),
    (("completion_tokens",), "completion", "keep"),
    (("total_tokens",), "total", "keep"),
)
_CACHED = (("prompt_tokens_details", "cached_tokens"), "cached", "omit")
_REASONED = (("completion_tokens_details", "reasoning_tokens"), "reasoning", "keep")
_TEMPLATE_OFF: tuple[tuple[Path, Any], ...] = (
    (("chat_template_kwargs", "thinking"), False),
    (("chat_template_kwargs", "enable_thinking"), False),
    (("reasoning_effort",), "none"),
)
_TEMPLATE_KEPT: tuple[tuple[Path, Any], ...] = ((("chat_template_kwargs", "preserve_thinking"), True),)
_THINKING_OFF: tuple[tuple[Path, Any], ...] = ((("thinking", "type"), "disabled"),)
_THINKING_KEPT: tuple[tuple[Path, Any], ...] = ((("thinking", "keep"), "all"),)
_ENGINE_TYPES = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError"}
# The id of Kimi's end-of-turn token, which the engines report beside the finish reason.
_END_OF_TURN = 163586

# What every server that follows OpenAI's chat completions has in common; fields as OpenAI documents them.
_COMPATIBLE = Dialect(
    thinking_off=_THINKING_OFF + _TEMPLATE_OFF,
    thinking_kept=_THINKING_KEPT + _TEMPLATE_KEPT,
    prefill_message="partial",
    usage_keys=(*_TOTALS, _CACHED, _REASONED),
    chunk=_HEAD,
    choice=_CHOICE,
    call_start={"index": None, "id": None, "type": None, "function": _FUNCTION},
    call_next={"index": None, "function": {"arguments": ""}},
    body={**_HEAD, "usage": None},
    body_choice={"index": 0, "message": None, "finish_reason": None},
    message={"role": "assistant", "content": ""},
    error=_OPENAI_ERROR,
    stream_error=_OPENAI_ERROR,
)

# Moonshot's own API: field order, ids and places of usage as captured live; texts of refusals from its documentation.
_MOONSHOT = replace(
    _COMPATIBLE,
    endpoints=frozenset({"chat", "models", "balance", "estimate"}),
    any_model=False,
    models=lambda: [moonshot_row(model) for model in MODELS.values()],
    checks=MOONSHOT,
    media_schemes=frozenset({"data", "ms"}),
    thinking_off=_THINKING_OFF,
    thinking_kept=_THINKING_KEPT,
    closes_reasoning=True,
    call_id="{name}_{index}",
    builtin_call_id="t-{name}-{hex:.12}",
    usage="both",
    usage_keys=(*_TOTALS, (("cached_tokens",), "cached", "omit"), _REASONED, _CACHED),
    id_headers={"Msh-Request-Id": "{uuid}", "X-Msh-Trace-Id": "{hex}"},
    cache_header="Msh-Context-Cache-Token-Saved",
    chunk={**_HEAD, "system_fingerprint": "fpv0_5de57c9a"},
    message={"role": "assistant", "content": "", "reasoning_content": ""},
    error={"error": {"message": None, "type": None}},
    stream_error={"error": {"message": None, "type": None}},
    done_after_error=False,
)

# vLLM with its kimi_k2 parsers: `reasoning` is the key since vLLM renamed it, ids are the model's own.
_VLLM = replace(
    _COMPATIBLE,
    key_required=False,
    models=lambda: [served_row("vllm")],
    thinking_off=_TEMPLATE_OFF,
    thinking_kept=_TEMPLATE_KEPT,
    prefill_message="",
    prefill_body="continue_final_message",
    reasoning="reasoning",
    response_id="chatcmpl-{hex}",
    call_id="functions.{name}:{running}",
    builtin_call_id="functions.{name}:{running}",
    usage_keys=_TOTALS,
    finish_delta={"content": ""},
    finish_extra={"stop_reason": None},
    call_start={"id": None, "type": None, "index": None, "function": {"name": None}},
    body_choice={
        "index": 0,
        "message": None,
        "logprobs": None,
        "finish_reason": None,
        "stop_reason": None,
        "token_ids": None,
    },
    body={**_HEAD, "service_tier": None, "system_fingerprint": None, "usage": None, "prompt_logprobs": None},
    message={
        "role": "assistant",
        "content": "",
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": [],
        "reasoning": None,
    },
    error_types=_ENGINE_TYPES,
)

# SGLang writes every key of its models, null where unset; errors are flat outside a stream, nested within one.
_SGLANG = replace(
    _VLLM,
    models=lambda: [served_row("sglang")],
    reasoning="reasoning_content",
    response_id="{hex}",
    usage_keys=(*_TOTALS, (("reasoning_tokens",), "reasoning", "keep")),
    chunk={**_HEAD, "usage": None},
    choice={"index": 0, "delta": None, "logprobs": None, "finish_reason": None, "matched_stop": None},
    delta={"role": None, "content": None, "reasoning_content": None, "tool_calls": None},
    finish_delta={},
    finish_extra={"matched_stop": _END_OF_TURN},
    call_start={"id": None, "index": None, "type": None, "function": _FUNCTION},
    call_next={"id": None, "index": None, "type": "function", "function": {"name": None, "arguments": ""}},
    body={**_HEAD, "usage": None, "metadata": {"weight_version": "default"}},
    body_choice={"index": 0, "message": None, "logprobs": None, "finish_reason": None, "matched_stop": None},
    message={"role": "assistant", "content": "", "reasoning_content": None, "tool_calls": None},
    error={"object": "error", "message": None, "type": None, "param": None, "code": None},
    stream_error={"error": {"object": "error", "message": None, "type": None, "param": None, "code": None}},
)

DIALECTS: Mapping[str, Dialect] = {
    "moonshot": _MOONSHOT,
    "moonshot-cn": _MOONSHOT,
    "vllm": _VLLM,
    "sglang": _SGLANG,
    "openai-compatible": _COMPATIBLE,
}
