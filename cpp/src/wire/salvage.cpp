#include "wire/salvage.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kimistream::wire {
namespace {

constexpr std::string_view section_begin = "<|tool_calls_section_begin|>";
constexpr std::string_view section_end = "<|tool_calls_section_end|>";
constexpr std::string_view call_begin = "<|tool_call_begin|>";
constexpr std::string_view arguments_begin = "<|tool_call_argument_begin|>";
constexpr std::string_view call_end = "<|tool_call_end|>";
constexpr std::string_view stem = "<|tool_call";  // of all of them
constexpr std::size_t longest_token = 64;         // what goes on for longer without its end is text
constexpr std::string_view space = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// How many bytes at the end of `text` may be the beginning of a token.
std::size_t possible_token(std::string_view text) {
  for (std::size_t length = std::min(text.size(), stem.size() - 1); length > 0; --length)
    if (text.substr(text.size() - length) == stem.substr(0, length)) return length;
  return 0;
}

/// True for a token that was cut off.
bool begins_token(std::string_view text) {
  constexpr std::string_view tokens[] = {section_begin, section_end, call_begin, arguments_begin, call_end};
  return std::any_of(std::begin(tokens), std::end(tokens), [&](auto token) { return token.starts_with(text); });
}

/// "functions.NAME:0", also without either end of it; names may hold "-", "." and ":".
Salvage::Call make_call(std::string_view header, std::string_view arguments, bool complete) {
  header = trim(header);
  std::string_view name = header;
  if (name.starts_with("functions.")) name.remove_prefix(10);
  if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos) {
    const auto digits = name.substr(colon + 1);
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos)
      name = name.substr(0, colon);
  }
  return {std::string(header), std::string(trim(name)), std::string(trim(arguments)), complete};
}

}  // namespace

void Salvage::feed(std::string_view fragment, std::string& text, std::vector<Call>& calls) {
  held_.append(fragment);
  read(false, text, calls);
}

void Salvage::finish(std::string& text, std::vector<Call>& calls) { read(true, text, calls); }

void Salvage::read(bool at_end, std::string& text, std::vector<Call>& calls) {
  std::string_view rest = held_;
  while (!rest.empty()) {
    if (!inside_) {
      const std::size_t at = rest.find(stem);
      const std::size_t keep = at != std::string_view::npos ? rest.size() - at : at_end ? 0 : possible_token(rest);
      text.append(rest.substr(0, rest.size() - keep));
      rest.remove_prefix(rest.size() - keep);
      if (at == std::string_view::npos) break;
      inside_ = true;
    }
    // White space between tokens goes with them; anything else there is text that a confused model put in.
    const std::size_t solid = rest.find_first_not_of(space);
    if (solid == std::string_view::npos) {
      if (at_end) rest = {};
      break;
    }
    const std::string_view token = rest.substr(solid);
    if (token == "<" && !at_end) break;
    if (!token.starts_with("<|")) {
      inside_ = false;
      continue;
    }
    rest = token;
    if (rest.starts_with(section_begin)) {
      wrapped_ = acted_ = true;
      rest.remove_prefix(section_begin.size());
    } else if (rest.starts_with(section_end)) {
      inside_ = wrapped_ = false;
      acted_ = true;
      rest.remove_prefix(section_end.size());
    } else if (rest.starts_with(call_begin)) {
      acted_ = true;
      const std::size_t end = rest.find(call_end, std::exchange(searched_, 0));
      if (end == std::string_view::npos && !at_end) {
        searched_ = rest.size() - std::min(rest.size(), call_end.size() - 1);  // long arguments are searched once
        break;
      }
      const std::string_view body =
          rest.substr(call_begin.size(), end == std::string_view::npos ? end : end - call_begin.size());
      const std::size_t split = body.find(arguments_begin);
      const bool complete = end != std::string_view::npos && split != std::string_view::npos;
      if (!trim(body).empty())
        calls.push_back(make_call(
            body.substr(0, split),
            split == std::string_view::npos ? std::string_view() : body.substr(split + arguments_begin.size()),
            complete));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + call_end.size());
      inside_ = wrapped_;
    } else {
      const std::size_t end = rest.substr(0, longest_token).find("|>");
      if (end != std::string_view::npos) {
        rest.remove_prefix(end + 2);  // a token of no use here
        inside_ = wrapped_;
      } else if (rest.size() < longest_token && !at_end) {
        break;  // a token under way
      } else if (at_end && begins_token(rest)) {
        rest = {};
      } else {  // it only looked like one
        text.append(rest.substr(0, 2));
        rest.remove_prefix(2);
        inside_ = false;
      }
    }
  }
  held_.erase(0, held_.size() - rest.size());
}

}  // namespace kimistream::wire
