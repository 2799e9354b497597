#include "wire/anthropic_frame.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "characters.hpp"
#include "json/text.hpp"
#include "wire/finish_reason.hpp"
#include "wire/forms.hpp"

namespace kimistream::wire {
namespace {

using json::Key;
using json::Value;

/// Larger counts are taken for nonsense, so that sums stay within range.
constexpr std::int64_t max_count = std::int64_t{1} << 53;

}  // namespace

class AnthropicFrameReader : private Forms {
 public:
  AnthropicFrameReader(json::Reader& reader, AnthropicReader& state, Frame& frame)
      : Forms(reader, frame), state_(state) {}

  void read(std::string_view data, std::string_view event_type) {
    document(data, [&](Key key, Value& value) { top(reader_.plain(key), value); });
    if (frame_.malformed || frame_.has_error) return;
    if (type_.empty() && event_type != "message") type_ = event_type;  // which is the name of those without one
    apply(type_.empty() ? kind_of_event() : type_);
  }

 private:
  /// What a block, or a delta of one, says. The fields stand in any order, so all are read before any is judged.
  struct Piece {
    std::string_view type, id, name, stop_reason, data, signature;
    std::optional<std::string_view> text, thinking, partial_json;
    std::string_view input;  // as JSON
  };

  void top(Key key, Value& value) {
    if (key.is("type")) {
      whole_text(value, type_);
    } else if (key.is("index")) {
      index_ = integer(value).value_or(0);
    } else if (key.is("delta") || key.is("content_block")) {
      is_start_ = key.is("content_block");
      piece(value, piece_.emplace());
    } else if (key.is("message")) {
      is_begin_ = true;
      fields(value, [&](Key name, Value& field) { message(name, field); });
    } else if (key.is("error")) {
      frame_.has_error = frame_.has_error || truthy(value);
    } else if (key.is("object")) {  // the flat form of servers that speak both protocols
      frame_.has_error = frame_.has_error || value.raw_json_token().starts_with("\"error\"");
    } else {
      message(key, value);
    }
  }

  void message(Key key, Value& value) {
    if (key.is("usage")) {
      usage(value);
    } else if (key.is("id")) {
      whole_text(value, frame_.id);
    } else if (key.is("model")) {
      whole_text(value, frame_.model);
    } else if (key.is("stop_reason")) {
      whole_text(value, stop_reason_);
    } else if (key.is("content")) {
      has_content_ = true;
      check(json::for_each_element(value, [&](Value& item) { piece(item, blocks_.emplace_back()); }));
    }
  }

  void piece(Value& value, Piece& into) {
    fields(value, [&](Key key, Value& field) {
      if (key.is("text"))
        text(field, into.text);
      else if (key.is("thinking"))
        text(field, into.thinking);
      else if (key.is("type"))
        whole_text(field, into.type);
      else if (key.is("partial_json"))
        partial(field, into.partial_json);
      else if (key.is("signature"))
        whole_text(field, into.signature);
      else if (key.is("id"))
        whole_text(field, into.id);
      else if (key.is("name"))
        whole_text(field, into.name);
      else if (key.is("input"))
        arguments_of(field, into.input);
      else if (key.is("data"))
        whole_text(field, into.data);
      else if (key.is("stop_reason"))
        whole_text(field, into.stop_reason);
    });
  }

  /// What a block is; one that does not say it, by what it has.
  static std::string_view kind_of(const Piece& block) {
    if (!block.type.empty()) return block.type;
    if (!block.name.empty()) return "tool_use";
    if (block.thinking) return "thinking";
    if (block.text) return "text";
    return block.data.empty() ? "" : "redacted_thinking";
  }

  /// The same of an event.
  std::string_view kind_of_event() const {
    if (is_begin_) return "message_start";
    if (has_content_) return "message";
    if (!piece_) return {};
    if (is_start_) return "content_block_start";
    return piece_->stop_reason.data() || stop_reason_.data() ? "message_delta" : "content_block_delta";
  }

  void apply(std::string_view type) {
    if (type == "content_block_delta") {
      if (piece_) delta(*piece_);
    } else if (type == "content_block_start") {
      if (piece_) start(*piece_);
    } else if (type == "content_block_stop") {
      if (const auto block = state_.open_.find(index_); block != state_.open_.end()) close(block);
    } else if (type == "message_delta") {
      finish(piece_ ? piece_->stop_reason : std::string_view());
    } else if (type == "message_start") {
      frame_.begins = frame_.has_choices = true;
    } else if (type == "message_stop") {
      while (!state_.open_.empty()) close(state_.open_.begin());
      frame_.ended = true;
    } else if (type == "message" && has_content_) {
      whole_message();
    } else if (type == "error") {
      frame_.has_error = true;
    }
    report_usage(type == "message_start");
  }

  void start(const Piece& piece) {
    frame_.has_choices = true;
    AnthropicReader::Block block;
    const std::string_view kind = kind_of(piece);
    block.is_thinking = kind == "thinking";
    if (kind == "tool_use") {
      if (const auto same = state_.open_.find(index_); same != state_.open_.end()) {
        if (same->second.is_tool && same->second.tool_id == piece.id) return;  // sent twice
        close(same);
      }
      block.is_tool = true;
      block.tool_id = piece.id;
      block.input = piece.input;
      begin_tool(piece, block);
    } else {
      show(piece);
    }
    state_.open_.insert_or_assign(index_, std::move(block));
  }

  /// Thinking, text and redacted thinking: in the start of a block (where they are mostly empty) or in a whole one.
  void show(const Piece& piece) {
    const std::string_view kind = kind_of(piece);
    if (kind == "thinking") {
      frame_.choice.reasoning = piece.thinking.value_or(std::string_view());
      frame_.signature = piece.signature;
    } else if (kind == "text") {
      frame_.choice.content = piece.text.value_or(std::string_view());
    } else if (kind == "redacted_thinking") {
      frame_.opaque.push_back(redacted(piece));
    }
  }

  void delta(const Piece& piece) {
    frame_.has_choices = true;
    if (piece.type.empty()) {
      untyped(piece);
    } else if (piece.type == "text_delta") {
      frame_.choice.content = piece.text;
    } else if (piece.type == "thinking_delta") {
      frame_.choice.reasoning = piece.thinking;
    } else if (piece.type == "input_json_delta") {
      if (piece.partial_json) arguments(*piece.partial_json);
    } else if (piece.type == "signature_delta") {
      frame_.signature = piece.signature;
    }
  }

  /// A delta that does not say what it is: its fields do, and the block that it belongs to (nashsu/llm_wiki#303).
  void untyped(const Piece& piece) {
    const auto block = state_.open_.find(index_);
    const bool thinks = block != state_.open_.end() && block->second.is_thinking;
    frame_.choice.reasoning = piece.thinking;
    if (piece.text) (thinks ? frame_.choice.reasoning : frame_.choice.content) = piece.text;
    if (piece.partial_json) arguments(*piece.partial_json);
    frame_.signature = piece.signature;
  }

  void arguments(std::string_view fragment) {
    if (fragment.empty()) return;  // a legal fragment that says nothing
    auto block = state_.open_.find(index_);
    if (block == state_.open_.end()) {  // its start was lost; what it says is kept all the same
      block = state_.open_.try_emplace(index_).first;
      block->second.is_tool = true;
      block->second.tool_index = state_.tools_++;
    }
    if (!block->second.is_tool) return;  // of a kind of block that is not known here
    block->second.has_fragment = true;
    ToolFragment& made = frame_.choice.tool_calls.emplace_back();
    made.index = block->second.tool_index;
    made.arguments = fragment;
  }

  void begin_tool(const Piece& piece, AnthropicReader::Block& block) {
    block.tool_index = state_.tools_++;
    ToolFragment& made = frame_.choice.tool_calls.emplace_back();
    made.index = block.tool_index;
    made.id = piece.id;
    made.name = piece.name;
    made.type = "function";
  }

  /// A tool call without fragments has the arguments that its start brought, or none.
  void close(std::map<std::int64_t, AnthropicReader::Block>::iterator at) {
    const AnthropicReader::Block& block = at->second;
    if (block.is_tool && !block.has_fragment) {
      frame_.has_choices = true;
      ToolFragment& made = frame_.choice.tool_calls.emplace_back();
      made.index = block.tool_index;
      made.arguments = frame_.made.emplace_back(is_blank(block.input) ? "{}" : block.input);
    }
    state_.open_.erase(at);
  }

  void finish(std::string_view stop_reason) {
    if (is_blank(stop_reason)) {
      if (stop_reason.data()) frame_.has_choices = frame_.choice.blank_finish = true;  // a text of nothing, not null
      return;
    }
    while (!state_.open_.empty()) close(state_.open_.begin());
    frame_.has_choices = true;
    frame_.choice.finish_reason = plain_reason(stop_reason);
  }

  void whole_message() {
    frame_.has_choices = true;
    std::vector<std::string_view> thinking, texts;
    for (const Piece& block : blocks_) {
      const std::string_view kind = kind_of(block);
      if (kind == "thinking") {
        thinking.push_back(block.thinking.value_or(std::string_view()));
        signatures_.append(block.signature);
      } else if (kind == "text") {
        texts.push_back(block.text.value_or(std::string_view()));
      } else if (kind == "redacted_thinking") {
        frame_.opaque.push_back(redacted(block));
      } else if (kind == "tool_use") {
        AnthropicReader::Block tool;
        begin_tool(block, tool);
        frame_.choice.tool_calls.back().arguments = is_blank(block.input) ? "{}" : block.input;
      }
    }
    frame_.choice.reasoning = joined(thinking);
    frame_.choice.content = joined(texts);
    if (!signatures_.empty()) frame_.signature = frame_.made.emplace_back(std::move(signatures_));
    frame_.choice.finish_reason = plain_reason(stop_reason_);
  }

  std::optional<std::string_view> joined(const std::vector<std::string_view>& texts) {
    if (texts.empty()) return std::nullopt;
    if (texts.size() == 1) return texts.front();
    std::string& all = frame_.made.emplace_back();
    for (const std::string_view text : texts) all.append(text);
    return all;
  }

  std::string_view redacted(const Piece& piece) {
    std::string& block = frame_.made.emplace_back(R"({"type":"redacted_thinking","data":)");
    json::append_string(block, piece.data);
    block += '}';
    return block;
  }

  // ---- usage ----------------------------------------------------------------------------------------------------

  void usage(Value& value) {
    AnthropicReader::Counters found;
    const auto count = [&](Value& field, std::optional<std::int64_t>& into) {
      if (const auto number = integer(field); number && *number <= max_count) into = number;
    };
    const auto larger = [&](Value& field, std::optional<std::int64_t>& into) {
      std::optional<std::int64_t> number;
      count(field, number);
      if (number && *number >= into.value_or(0)) into = number;
    };
    fields(value, [&](Key key, Value& field) {
      if (key.is("input_tokens"))
        count(field, found.input);
      else if (key.is("output_tokens") || key.is("completion_tokens"))
        larger(field, found.output);
      else if (key.is("cache_creation_input_tokens"))
        larger(field, found.cache_creation);
      else if (key.is("cache_creation"))  // the same, by how long it is kept
        fields(field, [&](Key name, Value& amount) {
          const bool for_an_hour = name.is("ephemeral_1h_input_tokens");
          if (for_an_hour || name.is("ephemeral_5m_input_tokens")) add(amount, found.kept);
          if (for_an_hour) larger(amount, found.kept_1h);
        });
      else if (key.is("cache_read_input_tokens"))
        count(field, found.cache_read);
      else if (key.is("prompt_tokens"))
        count(field, found.prompt);
      else if (key.is("cached_tokens") || key.is("prompt_cache_hit_tokens"))
        larger(field, found.cached);
      else if (key.is("prompt_tokens_details"))
        fields(field, [&](Key name, Value& detail) {
          if (name.is("cached_tokens")) larger(detail, found.cached);
        });
      else if (key.is("output_tokens_details") || key.is("completion_tokens_details"))
        fields(field, [&](Key name, Value& detail) {
          if (name.is("thinking_tokens") || name.is("reasoning_tokens")) larger(detail, found.thinking);
        });
    });
    if (found.kept && *found.kept > found.cache_creation.value_or(0)) found.cache_creation = found.kept;
    has_usage_ = true;
    AnthropicReader::Counters& known = state_.counters_;
    // The input may be split anew between new and cached tokens, so each key that is given counts. An input of nothing
    // at all is no news: servers fill the keys that they do not know with zeros.
    if (input_of(found) > 0 || input_of(known) == 0) {
      take(known.input, found.input);
      take(known.cache_creation, found.cache_creation);
      take(known.kept_1h, found.kept_1h);
      take(known.cache_read, found.cache_read);
    }
    take(known.prompt, found.prompt);
    take(known.cached, found.cached);
    take(known.output, found.output);
    take(known.thinking, found.thinking);
  }

  static void add(Value& field, std::optional<std::int64_t>& into) {
    if (const auto number = integer(field); number && *number <= max_count) into = into.value_or(0) + *number;
  }

  static void take(std::optional<std::int64_t>& known, std::optional<std::int64_t> found) {
    if (found) known = found;
  }

  static std::int64_t input_of(const AnthropicReader::Counters& counters) {
    return counters.input.value_or(0) + counters.cache_creation.value_or(0) + counters.cache_read.value_or(0);
  }

  void report_usage(bool at_start) {
    if (!has_usage_) return;
    const AnthropicReader::Counters& known = state_.counters_;
    Usage usage;
    std::int64_t input = input_of(known);
    if (input == 0) input = known.prompt.value_or(0);
    if (input > 0) {  // a start that says 0 does not know yet
      usage.prompt_tokens = input;
      if (known.cache_read || known.cached)
        usage.cached_tokens = std::max(known.cache_read.value_or(0), known.cached.value_or(0));
      usage.cache_write_tokens = known.cache_creation;
      usage.cache_write_1h_tokens = known.kept_1h;
    }
    if (!at_start || known.output.value_or(0) > 0) usage.completion_tokens = known.output;
    if (usage.prompt_tokens && usage.completion_tokens)
      usage.total_tokens = *usage.prompt_tokens + *usage.completion_tokens;
    usage.reasoning_tokens = known.thinking;
    if (usage.empty()) return;
    frame_.usage = std::make_unique<Usage>(usage);
    frame_.usage_is_whole = true;
  }

  // ---- values ---------------------------------------------------------------------------------------------------

  void partial(Value& value, std::optional<std::string_view>& out) {
    std::string_view said;
    arguments_of(value, said);
    if (said.data()) out = said;
  }

  static std::optional<std::int64_t> integer(Value& value) {
    const std::string_view token = value.raw_json_token();
    if (token.size() == 1 && is_digit(token[0])) return token[0] - '0';
    std::int64_t number = 0;
    if (value.get_int64().get(number) || number < 0) return std::nullopt;
    return number;
  }

  AnthropicReader& state_;
  std::string_view type_, stop_reason_;
  std::int64_t index_ = 0;
  std::optional<Piece> piece_;
  std::vector<Piece> blocks_;  // of a whole message
  std::string signatures_;
  bool has_content_ = false, has_usage_ = false, is_start_ = false, is_begin_ = false;
};

void AnthropicReader::read(json::Reader& reader, std::string_view data, std::string_view event_type, Frame& frame) {
  frame.clear();
  frame.mended = frame.has_escapes = false;
  if (data == "[DONE]") return;  // a proxy's; this protocol has no such mark
  AnthropicFrameReader(reader, *this, frame).read(data, event_type);
}

}  // namespace kimistream::wire
