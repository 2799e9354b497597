#include "rules/known_names.hpp"

#include <algorithm>

#include "rules/nearest.hpp"

namespace kimistream::rules {
namespace {

// clang-format off
constexpr std::string_view field_names[] = {
    // this library
    "prompt", "messages", "model", "system", "thinking", "tools", "tool_choice", "max_tokens", "timeout", "on_break",
    "max_breaks", "continue_on_length", "check", "prefill", "schema", "on_upload", "extra_body", "extra_headers",
    "extra_query", "schema_retries", "prefill_name", "state", "max_steps", "max_parallel", "tool_timeout", "budget",
    "web_search", "options", "rows", "concurrency", "ordered", "retry_failed", "resume", "limits", "progress", "poll",
    "rpm", "tpm", "tpd", "completion_window", "max_agents", "workers", "plan", "task", "defaults", "idempotency_key",
    // OpenAI
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
    "metadata", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier",
    "stop", "store", "stream", "stream_options", "temperature", "top_logprobs", "top_p", "user", "verbosity",
    "web_search_options",
    // Moonshot
    "agent", "partial",
    // Anthropic
    "cache_control", "container", "context_management", "mcp_servers", "output_config", "output_format",
    "stop_sequences", "top_k",
    // vLLM
    "add_generation_prompt", "add_special_tokens", "allowed_token_ids", "bad_words", "best_of", "cache_salt",
    "chat_template", "chat_template_kwargs", "continue_final_message", "documents", "early_stopping", "echo",
    "guided_choice", "guided_decoding_backend", "guided_grammar", "guided_json", "guided_regex",
    "guided_whitespace_pattern", "ignore_eos", "include_reasoning", "include_stop_str_in_output",
    "kv_transfer_params", "length_penalty", "logits_processors", "media_io_kwargs", "min_p", "min_tokens",
    "mm_processor_kwargs", "priority", "prompt_logprobs", "repetition_penalty", "request_id", "return_token_ids",
    "return_tokens_as_token_ids", "skip_special_tokens", "spaces_between_special_tokens", "stop_token_ids",
    "structural_tag", "structured_outputs", "thinking_token_budget", "truncate_prompt_tokens", "use_beam_search",
    "vllm_xargs",
    // SGLang
    "bootstrap_host", "bootstrap_port", "bootstrap_room", "custom_logit_processor", "custom_params",
    "data_parallel_rank", "ebnf", "extra_key", "json_schema", "lora_path", "max_dynamic_patch", "min_dynamic_patch",
    "min_new_tokens", "no_stop_trim", "regex", "return_hidden_states", "return_routed_experts", "rid",
    "separate_reasoning", "session_params", "stop_regex", "stream_reasoning", "task", "use_audio_in_video",
    // OpenRouter
    "debug", "image_config", "models", "plugins", "preset", "provider", "reasoning", "route", "session_id", "top_a",
    "trace", "transforms", "usage",
    // other gateways
    "citation", "enable_search", "enable_thinking", "lora", "preserve_thinking", "raw", "search_options",
    "stream_moderation", "thinking_budget",
};
constexpr std::string_view message_names[] = {
    // the API
    "annotations", "audio", "cache_control", "content", "function_call", "images_config", "name", "partial", "prefix",
    "reasoning", "reasoning_content", "reasoning_details", "refusal", "role", "signature", "task", "thinking_blocks",
    "tool_call_id", "tool_calls", "tools", "weight",
    // a Message of this library
    "finish_reason", "id", "model", "request_id", "resumed", "usage", "warnings",
};
constexpr std::string_view part_names[] = {
    "audio", "audio_embeds", "audio_url", "cache_control", "citations", "content", "context", "data", "detail",
    "file", "file_data", "file_url", "fps", "id", "image", "image_embeds", "image_url", "input", "input_audio",
    "is_error", "max_dynamic_patch", "max_frames", "max_pixels", "min_pixels", "modalities", "name", "refusal",
    "signature", "source", "text", "thinking", "title", "tool_use_id", "type", "uuid", "video", "video_url",
};
constexpr std::string_view tool_names[] = {
    "allowed_domains", "blocked_domains", "cache_control", "container", "custom", "defer_loading", "description",
    "format", "function", "input_examples", "input_schema", "max_uses", "name", "parameters", "server_label",
    "server_url", "strict", "type", "user_location", "web_search",
};
// clang-format on

constexpr std::string_view a_part = "a part of content, e.g. {\"type\": \"image_url\", \"image_url\": {\"url\": ...}}";
constexpr Misnomer misnomers_of_fields[] = {
    {"files", a_part},
    {"image", a_part},
    {"images", a_part},
    {"video", a_part},
    {"videos", a_part},
    {"instructions", "system"},
    {"json_mode", "response_format"},
    {"max_length", "max_tokens"},
    {"max_new_tokens", "max_tokens"},
    {"max_output_tokens", "max_tokens"},
    {"stop_strings", "stop"},
    {"stop_words", "stop"},
    {"system_message", "system"},
    {"system_prompt", "system"},
    {"temp", "temperature"},
};

constexpr Misnomer misnomers_of_keys[] = {
    {"image", a_part},      {"image_url", a_part}, {"images", a_part},
    {"message", "content"}, {"text", "content"},   {"tool_id", "tool_call_id"},
    {"video", a_part},      {"video_url", a_part}, {"videos", a_part},
};

constexpr Vocabulary fields{"field of the API", field_names, misnomers_of_fields};
constexpr Vocabulary message_keys{"key of a message", message_names, misnomers_of_keys};
constexpr Vocabulary part_keys{"key of a content part", part_names, {}};
constexpr Vocabulary tool_keys{"key of a tool", tool_names, {}};

}  // namespace

const Vocabulary& field_vocabulary() noexcept { return fields; }
const Vocabulary& message_vocabulary() noexcept { return message_keys; }
const Vocabulary& part_vocabulary() noexcept { return part_keys; }
const Vocabulary& tool_vocabulary() noexcept { return tool_keys; }

std::string_view meant_by(std::string_view name, const Vocabulary& vocabulary) {
  const auto& names = vocabulary.names;
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  std::string_view near;
  std::size_t least = slips_in(name) + 1;
  const auto consider = [&](std::string_view word, std::string_view meant) {
    if (const std::size_t slips = letters_between(name, word); slips < least && slips < word.size()) {
      least = slips;
      near = meant;
    }
  };
  for (const Misnomer& each : vocabulary.misnomers) consider(each.word, each.meant);
  for (const std::string_view each : names) consider(each, each);
  return near;
}

}  // namespace kimistream::rules
