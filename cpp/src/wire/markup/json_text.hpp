// JSON that ends at a token of the markup.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "kimistream/json.hpp"

namespace kimistream::wire::markup {

/// A token within a string is a part of the text: models write about their own tokens. Where the text never becomes
/// whole, its string was not ended, and the first token in it was the end after all (`cut_at_token`).
class JsonText {
 public:
  void append(std::string_view piece) {
    text.append(piece);
    scan_.feed(piece);
  }
  /// True within a string, to which a token here belongs; remembers the first.
  bool quotes() {
    if (!trusts_strings_ || !scan_.in_string()) return false;
    if (first_token_ == std::string::npos) first_token_ = text.size();
    return true;
  }
  [[nodiscard]] bool whole() const noexcept { return scan_.whole(); }

  /// Takes away, and gives, what stands from the first token in a string on; from now on a token is a token.
  std::string cut_at_token() {
    if (!trusts_strings_ || first_token_ == std::string::npos) return {};
    trusts_strings_ = false;
    std::string rest = text.substr(first_token_);
    text.resize(first_token_);
    scan_ = {};
    scan_.feed(text);
    return rest;
  }
  /// For the next one. What was learned of strings stays.
  void clear() {
    text.clear();
    scan_ = {};
    first_token_ = std::string::npos;
  }

  std::string text;

 private:
  json::ObjectScan scan_;
  std::size_t first_token_ = std::string::npos;
  bool trusts_strings_ = true;
};

}  // namespace kimistream::wire::markup
