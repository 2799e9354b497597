#include "wire/anthropic_encode.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "characters.hpp"
#include "refuse.hpp"
#include "wire/anthropic_blocks.hpp"
#include "wire/encode_common.hpp"
#include "wire/history.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

constexpr std::string_view default_max_tokens = "32768";

bool is_system(const Message& message) { return message.role == "system" || message.role == "developer"; }

Tree object(std::string_view type) {
  Tree tree = Tree::object();
  tree.set("type", Tree::string(type));
  return tree;
}

class Encoder {
 public:
  Encoder(const Provider& provider, const Request& request, const Message* begun)
      : provider_(provider), request_(request), beginning_(begun ? begun->text() : request.prefill) {}

  Encoded run(std::string_view model, bool stream) {
    body_.set("model", Tree::string(model_name(provider_, model)));
    body_.set("max_tokens", Tree::number(request_.max_tokens ? std::to_string(*request_.max_tokens)
                                                             : std::string(default_max_tokens)));
    Tree messages = encode_messages();
    if (!system_.items().empty()) body_.set("system", system());
    body_.set("messages", std::move(messages));
    merge_thinking(body_, provider_, request_.thinking);
    merge_sampling(body_, provider_, request_.thinking);
    if (request_.temperature) body_.set("temperature", number(*request_.temperature, "temperature"));
    if (request_.top_p) body_.set("top_p", number(*request_.top_p, "top_p"));
    if (!request_.stop.empty()) body_.set("stop_sequences", strings(request_.stop));
    if (!request_.tools.empty()) {
      Tree tools = Tree::array();
      for (const Tool& tool : request_.tools) tools.items().push_back(encode_tool(tool));
      body_.set("tools", std::move(tools));
      if (!request_.tool_choice.empty()) body_.set("tool_choice", tool_choice(request_.tool_choice));
    }
    if (!request_.response_format.empty()) answer_as(parse_object(request_.response_format, "response_format"));
    if (stream) {
      body_.set("stream", Tree::boolean(true));
      merge(body_, provider_.stream_usage);
    }
    if (!beginning_.empty()) merge(body_, provider_.prefill_body);
    if (!request_.fields.empty()) add_fields(parse_object(request_.fields, "fields"));
    if (!request_.extra_body.empty()) body_.merge(parse_object(request_.extra_body, "extra_body"));
    return {.body = to_body(body_, blocks_.slots()), .notices = std::move(notices_), .offer = offer_in(body_)};
  }

 private:
  // ---- messages -------------------------------------------------------------------------------------------------

  Tree encode_messages() {
    if (!request_.system.empty()) system_.items().push_back(text_block(request_.system));
    const std::vector<Turn> turns = write_back(provider_, request_.messages, notices_);
    std::vector<const Turn*> said;
    for (const Turn& turn : turns) {
      if (is_system(*turn.message))
        lift(turn);
      else
        said.push_back(&turn);
    }
    Tree messages = Tree::array();
    for (std::size_t begin = 0, end = 0; begin < said.size(); begin = end) {
      const auto from_user = [&](std::size_t at) { return said[at]->message->role != "assistant"; };
      end = begin + 1;
      bool has_result = said[begin]->message->role == "tool";
      if (from_user(begin)) {
        while (end < said.size() && from_user(end)) has_result |= said[end++]->message->role == "tool";
        if (!has_result) end = begin + 1;
      }
      const std::span<const Turn* const> group(said.data() + begin, end - begin);
      if (has_result)
        messages.items().push_back(with_results(group));
      else if (from_user(begin))
        messages.items().push_back(user(*said[begin]));
      else
        messages.items().push_back(assistant(*said[begin]));
    }
    if (!beginning_.empty()) messages.items().push_back(prefill());
    return messages;
  }

  void lift(const Turn& turn) {
    const Message& message = *turn.message;
    std::vector<Tree>& blocks = system_.items();
    const std::size_t before = blocks.size();
    blocks_.add_content(message, turn.position, blocks, notices_);
    leave_out_name(turn);
    if (message.extra.empty() || blocks.size() == before) return;
    blocks.back().merge(parse_object(message.extra, "Message::extra"));
  }

  /// One text where texts are all there is; else blocks, which can say more (cache_control).
  Tree system() {
    std::string joined;
    for (const Tree& block : system_.items()) {
      if (block.text_of("type") != "text" || block.fields().size() != 2) return std::move(system_);
      if (!joined.empty()) joined += "\n\n";
      joined += block.text_of("text");
    }
    return Tree::string(joined);
  }

  Tree message(std::string_view role, Tree content) {
    Tree tree = Tree::object();
    tree.set("role", Tree::string(role));
    tree.set("content", std::move(content));
    return tree;
  }

  Tree user(const Turn& turn) {
    const Message& said = *turn.message;
    Tree content = Tree::array();
    if (said.parts.empty())
      content = Tree::string(said.text());
    else
      blocks_.add_content(said, turn.position, content.items(), notices_);
    Tree tree = message("user", std::move(content));
    leave_out_name(turn);
    if (!said.extra.empty()) tree.merge(parse_object(said.extra, "Message::extra"));
    return tree;
  }

  Tree with_results(std::span<const Turn* const> group) {
    Tree content = Tree::array();
    for (const Turn* turn : group)
      if (turn->message->role == "tool") content.items().push_back(result(*turn));
    for (const Turn* turn : group) {
      if (turn->message->role == "tool") continue;
      blocks_.add_content(*turn->message, turn->position, content.items(), notices_);
      leave_out_name(*turn);
    }
    Tree tree = message("user", std::move(content));
    for (const Turn* turn : group)
      if (turn->message->role != "tool" && !turn->message->extra.empty())
        tree.merge(parse_object(turn->message->extra, "Message::extra"));
    return tree;
  }

  Tree result(const Turn& turn) {
    const Message& said = *turn.message;
    Tree tree = object("tool_result");
    tree.set("tool_use_id", Tree::string(turn.tool_call_id()));
    if (!said.parts.empty()) {
      Tree content = Tree::array();
      blocks_.add_content(said, turn.position, content.items(), notices_);
      tree.set("content", std::move(content));
    } else if (!said.text().empty()) {
      tree.set("content", Tree::string(said.text()));
    }
    if (!said.extra.empty()) tree.merge(parse_object(said.extra, "Message::extra"));  // is_error
    return tree;
  }

  Tree assistant(const Turn& turn) {
    const Message& said = *turn.message;
    Tree content = Tree::array();
    std::vector<Tree>& blocks = content.items();
    add_reasoning(said, blocks);
    const bool plain = blocks.empty() && said.tool_calls.empty() && said.parts.empty();
    if (plain)
      content = Tree::string(said.text());
    else
      blocks_.add_content(said, turn.position, blocks, notices_);
    for (const ToolCall& call : turn.tool_calls()) {
      Tree block = object("tool_use");
      block.set("id", Tree::string(call.id));
      block.set("name", Tree::string(call.name));
      block.set("input", parse_object({call.arguments}, "the arguments of a tool call"));
      blocks.push_back(std::move(block));
    }
    Tree tree = message("assistant", std::move(content));
    leave_out_name(turn);
    if (!said.extra.empty()) tree.merge(parse_object(said.extra, "Message::extra"));
    return tree;
  }

  /// The reasoning and what of it is opaque. Whole thinking blocks among the latter say the former already.
  void add_reasoning(const Message& said, std::vector<Tree>& blocks) {
    std::vector<Tree> opaque = opaque_blocks(said);
    const bool says_all = std::any_of(opaque.begin(), opaque.end(),
                                      [](const Tree& block) { return block.text_of("type") == "thinking"; });
    const auto reasoning = reasoning_of(provider_, said, request_.thinking);
    if (reasoning && !says_all && (!reasoning->empty() || !said.signature.empty())) {
      Tree block = object("thinking");
      block.set("thinking", Tree::string(*reasoning));
      if (!said.signature.empty()) block.set("signature", Tree::string(said.signature));
      blocks.push_back(std::move(block));
    }
    std::move(opaque.begin(), opaque.end(), std::back_inserter(blocks));
  }

  /// Of `reasoning_details`, what is of this protocol; details of other providers mean nothing here.
  static std::vector<Tree> opaque_blocks(const Message& said) {
    std::vector<Tree> blocks;
    if (said.reasoning_details.empty()) return blocks;
    try {
      Tree details = Tree::parse(said.reasoning_details.text);
      for (Tree& block : details.items()) {
        const std::string type = block.text_of("type");
        if (type == "redacted_thinking" || type == "thinking") blocks.push_back(std::move(block));
      }
    } catch (const json::Malformed&) {
      refuse("Message::reasoning_details must be a JSON array");
    }
    return blocks;
  }

  Tree prefill() {
    const std::string_view text = trim_back(beginning_);  // Anthropic's own servers refuse white space there
    if (text.size() != beginning_.size())
      notices_.push_back(
          {"prefill_trimmed", "white space at the end of the prefill was taken away: it is refused there"});
    Tree tree = message("assistant", Tree::string(text));
    merge(tree, provider_.prefill_message);
    return tree;
  }

  // ---- everything else ------------------------------------------------------------------------------------------

  Tree encode_tool(const Tool& tool) {
    Tree tree = Tree::object();
    if (tool.raw.empty()) {
      tree.set("name", Tree::string(tool.name));
      if (!tool.description.empty()) tree.set("description", Tree::string(tool.description));
      tree.set("input_schema", parameters_of(tool));
      if (tool.strict.value_or(false)) leave_out("strict", "tools have no such field in this protocol");
      return tree;
    }
    const Tree raw = parse_object(tool.raw, "a tool");
    const Tree* function = raw.find("function");
    if (!function || !function->is(Tree::Kind::object) || raw.text_of("type") != "function") {
      if (!raw.find("name"))
        notices_.push_back({"unknown_tool", "a tool of the kind \"" + raw.text_of("type") +
                                                "\" has no form in this protocol; it is sent as it is"});
      return raw;
    }
    for (const auto& [key, value] : function->fields()) {
      if (key == "strict") {
        if (value.text() == "true") leave_out("strict", "tools have no such field in this protocol");
      } else {
        tree.set(key == "parameters" ? "input_schema" : key, value);
      }
    }
    if (!tree.find("input_schema")) tree.set("input_schema", parameters_of({}));
    for (const auto& [key, value] : raw.fields())  // cache_control
      if (key != "type" && key != "function") tree.set(key, value);
    return tree;
  }

  static Tree tool_choice(std::string_view choice) {
    if (choice == "required" || choice == "any") return object("any");
    if (choice == "auto" || choice == "none") return object(choice);
    Tree tree = object("tool");
    tree.set("name", Tree::string(choice));
    return tree;
  }

  static Tree tool_choice(const Tree& choice) {
    if (choice.is(Tree::Kind::string)) return tool_choice(choice.text());
    if (const Tree* function = choice.find("function")) return tool_choice(function->text_of("name"));
    return choice;
  }

  void answer_as(const Tree& format) {
    const std::string type = format.text_of("type");
    if (type == "text" || format.is(Tree::Kind::null)) return;
    const Tree* wanted = format.find("json_schema");
    const Tree* schema = wanted ? wanted->find("schema") : nullptr;
    if (type != "json_schema" || !schema)
      return leave_out("response_format",
                       "this protocol knows no kind of it but json_schema; ask for JSON in the prompt");
    if (provider_.json_schema == false)
      return leave_out("response_format",
                       "the provider takes no schema; ask for JSON in the prompt, or through a tool");
    Tree inner = object("json_schema");
    inner.set("schema", *schema);
    output_config("format", std::move(inner));
  }

  void output_config(std::string_view key, Tree value) {
    Tree patch = Tree::object();
    patch.set("output_config", Tree::object()).set(key, std::move(value));
    body_.merge(patch);
  }

  /// Fields by their OpenAI names are said in this protocol's words; any other goes by its own.
  void add_fields(const Tree& fields) {
    const Tree* limit = fields.find("max_completion_tokens");
    for (const auto& [key, value] : fields.fields()) {
      if (key == "max_tokens" || key == "max_completion_tokens") {
        const Tree& counts = limit && limit->is(Tree::Kind::number) ? *limit : value;
        if (!counts.is(Tree::Kind::null)) body_.set("max_tokens", counts);
      } else if (key == "stop") {
        if (value.is(Tree::Kind::string))
          body_.set("stop_sequences", strings({value.text()}));
        else if (!value.is(Tree::Kind::null))
          body_.set("stop_sequences", value);
      } else if (key == "tool_choice") {
        if (!value.is(Tree::Kind::null)) body_.set("tool_choice", tool_choice(value));
      } else if (key == "parallel_tool_calls") {
        one_call_at_a_time_ = value.text() == "false";
      } else if (key == "response_format") {
        answer_as(value);
      } else if (key == "reasoning_effort") {
        if (!value.is(Tree::Kind::null)) output_config("effort", value);
      } else if (key != "stream_options") {  // usage comes without being asked for
        Tree patch = Tree::object();
        patch.set(key, value);
        body_.merge(patch);
      }
    }
    if (!one_call_at_a_time_ || !body_.find("tools")) return;
    Tree choice = body_.find("tool_choice") ? *body_.find("tool_choice") : object("auto");
    if (choice.text_of("type") != "none") choice.set("disable_parallel_tool_use", Tree::boolean(true));
    body_.set("tool_choice", std::move(choice));
  }

  void leave_out_name(const Turn& turn) {
    if (!turn.message->name.empty())
      leave_out("name", "messages have no such field in this protocol (message " + std::to_string(turn.position) + ")");
  }

  void leave_out(std::string_view field, std::string_view why) {
    if (std::find(left_out_.begin(), left_out_.end(), field) != left_out_.end()) return;
    left_out_.push_back(field);
    notices_.push_back({"field_left_out", std::string(field) + " was left out: " + std::string(why)});
  }

  const Provider& provider_;
  const Request& request_;
  std::string_view beginning_;  // of the answer
  Tree body_ = Tree::object();
  Tree system_ = Tree::array();
  Blocks blocks_;
  std::vector<Notice> notices_;
  std::vector<std::string_view> left_out_;
  bool one_call_at_a_time_ = false;
};

}  // namespace

Encoded encode_anthropic(const Provider& provider, const Request& request, std::string_view model, bool stream,
                         const Message* begun) {
  return Encoder(provider, request, begun).run(model, stream);
}

}  // namespace kimistream::wire
