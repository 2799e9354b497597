#include "wire/markup/k2.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "characters.hpp"

namespace kimistream::wire::markup {
namespace {

constexpr std::string_view closing = "|>";
constexpr std::string_view stem = "<|tool_call";  // of all of them
constexpr std::string_view digits = "0123456789";

enum class Token { section_begin, section_end, call_begin, argument_begin, call_end, other };

Token kind_of(std::string_view token) {
  constexpr std::array<std::pair<std::string_view, Token>, 7> known{{
      {"<|tool_calls_section_begin|>", Token::section_begin},
      {"<|tool_calls_section_end|>", Token::section_end},
      {"<|tool_call_section_begin|>", Token::section_begin},  // in the singular: seen by Dynamo
      {"<|tool_call_section_end|>", Token::section_end},
      {"<|tool_call_begin|>", Token::call_begin},
      {"<|tool_call_argument_begin|>", Token::argument_begin},
      {"<|tool_call_end|>", Token::call_end},
  }};
  const auto* found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.first == token; });
  return found == known.end() ? Token::other : found->second;
}

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

/// An id as servers make them, with no name in it.
bool is_made_up(std::string_view id) {
  constexpr std::string_view alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (id.starts_with("chatcmpl-tool-")) return true;
  return id.starts_with("call_") && id.size() >= 5 + 16 && consists_of(id.substr(5), alphanumeric);
}

/// The name in "functions.NAME:0", also without either end of it; names may hold "-", "." and ":". "" for an id that
/// names nothing.
std::string_view name_in(std::string_view id) {
  std::string_view name = id;
  if (name.starts_with("functions.")) name.remove_prefix(10);
  if (const std::size_t colon = name.rfind(':');
      colon != std::string_view::npos && consists_of(name.substr(colon + 1), digits))
    name = name.substr(0, colon);
  name = trim(name);
  return consists_of(name, digits) || is_made_up(name) ? std::string_view() : name;
}

}  // namespace

std::size_t K2::measure(std::string_view rest, Ending, const Sink&) const {
  // Where nothing but calls is expected any other token of the model's is one of no use.
  const std::string_view begin = in_section_ || inside() ? prefix : stem;
  if (!rest.starts_with(begin)) return begin.starts_with(rest) ? unsure : foreign;
  const std::size_t end = rest.substr(0, longest_token).find_first_not_of(letters, begin.size());
  if (end == std::string_view::npos) return rest.size() < longest_token ? unsure : foreign;
  if (end == prefix.size()) return foreign;
  const std::string_view behind = rest.substr(end, closing.size());
  if (behind == closing) return end + closing.size();
  return closing.starts_with(behind) ? unsure : foreign;
}

void K2::take(std::string_view token, Ending, Sink& sink) {
  const Token kind = kind_of(token);
  switch (kind) {
    case Token::section_begin:
    case Token::section_end:
    case Token::call_begin:
      end_call(place_ == Place::tail, sink);
      if (kind == Token::call_begin) {
        place_ = Place::header;
        break;
      }
      in_section_ = kind == Token::section_begin;
      sink.out.removed = true;
      sink.gap();
      break;
    case Token::argument_begin:
      if (place_ == Place::header)
        place_ = Place::arguments;
      else
        sink.out.removed = true;
      break;
    case Token::call_end:
      if (!inside()) sink.gap();
      sink.out.removed = true;
      end_call(true, sink);
      break;
    case Token::other: sink.out.removed = true;
  }
}

bool K2::quotes() { return place_ == Place::arguments && arguments_.quotes(); }

// What is too long for a call is text.
void K2::add(std::string_view text, Sink& sink) {
  if (place_ == Place::header) {
    const std::size_t brace = std::min(text.find('{'), text.size());  // the token between was left out
    header_.append(text.substr(0, brace));
    text.remove_prefix(brace);
    if (header_.size() > longest_header) {
      place_ = Place::outside;
      sink.gap();
      sink.text(std::exchange(header_, {}));
      return sink.text(text);
    }
    if (!text.empty()) place_ = Place::arguments;
  }
  while (place_ == Place::arguments && !text.empty()) {
    // Nothing but one of these ends it; what is no JSON may close a brace with a bracket.
    const std::size_t piece = std::min(text.find_first_of("}]"), text.size() - 1) + 1;
    arguments_.append(text.substr(0, piece));
    text.remove_prefix(piece);
    if (arguments_.whole()) place_ = Place::tail;
  }
  if (place_ != Place::tail) return;
  tail_.append(text);
  if (tail_.size() <= longest_tail) return;
  const std::string words = std::exchange(tail_, {});
  end_call(true, sink);
  sink.text(words);
}

void K2::end_call(bool complete, Sink& sink) {
  if (!inside()) return;
  place_ = Place::outside;
  Call call{.id = std::string(trim(header_)), .name = {}, .arguments = {}, .complete = complete};
  call.name = name_in(call.id);
  call.arguments = trim(arguments_.text);
  if (!trim(tail_).empty()) call.arguments += tail_;
  if (call.id.empty() && call.arguments.empty())
    sink.out.removed = true;
  else
    sink.call(std::move(call));
  header_.clear();
  tail_.clear();
  arguments_.clear();
  sink.gap();
}

std::string K2::again() { return place_ == Place::arguments ? arguments_.cut_at_token() : std::string(); }

void K2::finish(Ending ending, Sink& sink) {
  if (place_ == Place::header) {  // half a name is none
    header_.clear();
    arguments_.clear();
  }
  const std::string words = std::exchange(tail_, {});
  end_call(place_ == Place::tail && ending == Ending::stop, sink);
  sink.text(words);
}

}  // namespace kimistream::wire::markup
