#include "wire/encode_common.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "kimistream/error.hpp"
#include "media/data_uri.hpp"
#include "refuse.hpp"

namespace kimistream::wire {

using json::Tree;

void check_messages(const Request& request) {
  if (request.messages.empty() && request.system.empty())
    refuse("messages is empty: a request needs at least one message, e.g. {\"role\": \"user\", \"content\": \"...\"}");
  constexpr std::array roles = {"system", "user", "assistant", "tool", "developer"};
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (std::find(roles.begin(), roles.end(), message.role) == roles.end())
      refuse("message " + std::to_string(i) + " has the unknown role \"" + message.role +
             "\": use system, user, assistant or tool");
    if (message.role == "tool" && message.tool_call_id.empty())
      refuse("message " + std::to_string(i) + " has the role \"tool\" but no tool_call_id: say which call it answers");
  }
}

void check_prefill(const Provider& provider, const Request& request) {
  if (request.prefill.empty() || provider.takes_prefill || request.check == Check::off) return;
  refuse("the provider \"" + provider.name +
         "\" is not known to go on from a prefill; leave prefill out, or send it all the same with check=\"off\"");
}

Tree parse_object(const Json& json, std::string_view what) {
  try {
    Tree tree = Tree::parse(json.text);
    if (tree.is(Tree::Kind::object)) return tree;
  } catch (const json::Malformed&) {
  }
  refuse(std::string(what) + " must be a JSON object");
}

void merge(Tree& into, const Json& patch) {
  if (!patch.empty()) into.merge(parse_object(patch, "a field of the provider's row"));
}

void merge_thinking(Tree& body, const Provider& provider, ThinkingMode thinking) {
  if (thinking == ThinkingMode::off) merge(body, provider.thinking_off);
  if (thinking == ThinkingMode::on || thinking == ThinkingMode::keep) merge(body, provider.thinking_on);
  if (thinking == ThinkingMode::keep) merge(body, provider.thinking_keep);
}

void merge_sampling(Tree& body, const Provider& provider, ThinkingMode thinking) {
  merge(body, thinking == ThinkingMode::off ? provider.sampling_instant : provider.sampling_thinking);
}

Tree number(double value, std::string_view what) {
  if (!std::isfinite(value)) refuse(std::string(what) + " must be a finite number");
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string written(text.data(), end);
  if (written.find_first_of(".e") == std::string::npos) written += ".0";
  return Tree::number(written);
}

Tree strings(const std::vector<std::string>& texts) {
  Tree tree = Tree::array();
  for (const auto& text : texts) tree.items().push_back(Tree::string(text));
  return tree;
}

std::optional<std::string> reasoning_of(const Provider& provider, const Message& message, ThinkingMode thinking) {
  if (thinking != ThinkingMode::off && !provider.tool_turn_placeholder.empty() && !message.tool_calls.empty() &&
      (!message.reasoning || message.reasoning->empty()))
    return provider.tool_turn_placeholder;
  return message.reasoning;
}

void note_unknown_part(std::string_view type, std::size_t position, std::vector<Notice>& notices) {
  notices.push_back({"unknown_part", "message " + std::to_string(position) +
                                         " has a content part of the unknown kind \"" + std::string(type) +
                                         "\"; it is sent as it is"});
}

std::optional<std::string> mended_address(std::string_view url, std::size_t position, std::vector<Notice>& notices) {
  auto mended = media::mended_data_uri(url);
  if (mended)
    notices.push_back({"data_uri_mended", "message " + std::to_string(position) +
                                              " has a data URI with white space in or around its base64 text, which "
                                              "servers refuse; it is sent without"});
  return mended;
}

void mend_address(Tree& part, std::string_view type, std::size_t position, std::vector<Notice>& notices) {
  const auto field = [](Tree& object, std::string_view name) -> Tree* {
    for (auto& [key, value] : object.fields())
      if (key == name) return &value;
    return nullptr;
  };
  Tree* address = field(part, type);
  if (address && address->is(Tree::Kind::object)) address = field(*address, "url");
  if (!address || !address->is(Tree::Kind::string)) return;
  if (const auto mended = mended_address(address->text(), position, notices)) *address = Tree::string(*mended);
}

Tree parameters_of(const Tool& tool) {
  if (tool.parameters.empty()) return Tree::parse(R"({"type":"object","properties":{}})");
  return parse_object(tool.parameters, "Tool::parameters of " + tool.name);
}

std::shared_ptr<Body> to_body(const Tree& tree, const media::Slots& slots) {
  std::string text;
  const std::size_t bytes = tree.written_bytes();
  text.reserve(bytes + bytes / 16);  // a long history is written into one place: each larger one would be new pages
  tree.write(text);
  auto body = std::make_shared<Body>();
  body->segments = slots.split(std::move(text));
  return body;
}

}  // namespace kimistream::wire
