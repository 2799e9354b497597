// The one file that knows the JSON parser behind the library (simdjson, On-Demand).
//
// What it adds, because the oldest supported release (3.0.1) lacks it or because a token stream needs it:
//  * strings are unescaped here: a surrogate pair may be cut between two fragments, so a lone half is kept for the
//    caller to join (as the three bytes that UTF-8 would use for it), where the parser would refuse the document;
//  * a document that is refused for bytes that are not UTF-8, or for raw control characters inside a string, is mended
//    and read again: one bad byte must not cost an answer;
//  * keys are compared as they stand in the document, which is twice as fast as unescaping each.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "json/text.hpp"

namespace kimistream::json {

using Value = simdjson::ondemand::value;
using Object = simdjson::ondemand::object;
using Array = simdjson::ondemand::array;
using Document = simdjson::ondemand::document;
using Type = simdjson::ondemand::json_type;

/// A key as it stands in the document, behind its opening quote. `is("name")` compares without unescaping.
class Key {
 public:
  explicit Key(const char* raw) : raw_(raw) {}

  template <std::size_t N>
  [[nodiscard]] bool is(const char (&name)[N]) const noexcept {
    return std::memcmp(raw_, name, N - 1) == 0 && raw_[N - 1] == '"';
  }
  [[nodiscard]] const char* raw() const noexcept { return raw_; }

 private:
  const char* raw_;
};

/// Reads one document at a time. Not thread-safe; `Reader::local()` is this thread's own.
class Reader {
 public:
  static Reader& local() {
    thread_local Reader reader;
    return reader;
  }

  /// Starts a document. The text is copied, so it needs no padding and may go away.
  /// @return false when it is not JSON, even after mending
  bool open(std::string_view text, Document& document) {
    mended_ = false;
    load(text);
    auto error = parser_.iterate(simdjson::padded_string_view(text_.data(), size_, text_.size())).get(document);
    if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
      mended_ = true;
      const std::string better = mend(text);
      load(better);
      error = parser_.iterate(simdjson::padded_string_view(text_.data(), size_, text_.size())).get(document);
    }
    return error == simdjson::SUCCESS;
  }

  /// Where a view into the document begins, or npos for one that stands elsewhere (it had escapes).
  [[nodiscard]] std::size_t offset_of(std::string_view view) const noexcept {
    const std::less<> before;
    if (before(view.data(), text_.data()) || !before(view.data(), text_.data() + size_)) return std::string_view::npos;
    return static_cast<std::size_t>(view.data() - text_.data());
  }

  /// True when the document had bytes that had to be replaced.
  [[nodiscard]] bool mended() const noexcept { return mended_; }

  /// Reads a string value. The view lives until the next `open`.
  /// @return false when the value is not a string
  bool string(Value& value, std::string_view& out) {
    simdjson::ondemand::raw_json_string raw;
    if (value.get_raw_json_string().get(raw)) return false;
    return string_at(raw.raw(), out);
  }

  /// The same for a string that begins behind its opening quote at `raw`.
  bool string_at(const char* raw, std::string_view& out) {
    const char* end = raw;
    while (*end != '"' && *end != '\\') ++end;
    if (*end == '"') {
      out = {raw, static_cast<std::size_t>(end - raw)};
      return true;
    }
    const std::size_t begin = unescaped_.size();  // capacity was reserved in load(): earlier views stay valid
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    if (!unescape({raw, static_cast<std::size_t>(end - raw)}, unescaped_)) return false;
    out = std::string_view(unescaped_).substr(begin);
    return true;
  }

  /// True when the key is written with escapes and equals `name` once they are undone. Legal, never seen, yet cheap:
  /// asked only where no plain comparison has matched and the document has a backslash at all.
  [[nodiscard]] bool has_escapes() const noexcept { return has_escapes_; }

  /// A key in plain form, when `key` is written with escapes; else the key itself.
  Key plain(Key key) {
    if (!has_escapes_) return key;
    const char* at = key.raw();
    while (*at != '"' && *at != '\\') ++at;
    std::string_view text;
    if (*at == '"' || !string_at(key.raw(), text)) return key;
    unescaped_ += '"';
    return Key(text.data());
  }

 private:
  void load(std::string_view text) {
    // Shrinks again after a giant: a thread that once met a 16 MiB frame must not hold it for ever.
    if (text_.size() > kKeep && text.size() < kKeep / 4) {
      text_ = {};
      parser_ = simdjson::ondemand::parser();
      unescaped_ = {};
    }
    if (text_.size() < text.size() + simdjson::SIMDJSON_PADDING) text_.resize(text.size() * 2 + 4096);
    std::copy(text.begin(), text.end(), text_.begin());
    size_ = text.size();
    // Zeros behind the text: in a document that lacks a bracket the parser looks there, and must not find the rest of
    // an earlier document that seems to go on.
    std::memset(text_.data() + size_, 0, simdjson::SIMDJSON_PADDING);
    has_escapes_ = std::memchr(text_.data(), '\\', size_) != nullptr;
    unescaped_.clear();
    if (has_escapes_) unescaped_.reserve(size_ + 64);
  }

  static constexpr std::size_t kKeep = std::size_t{1} << 20;
  simdjson::ondemand::parser parser_;
  std::vector<char> text_;
  std::size_t size_ = 0;
  std::string unescaped_;
  bool has_escapes_ = false;
  bool mended_ = false;
};

// The loops hand out references to the parser's own objects. Copying one costs more than reading a key: its fields were
// just written one by one, and a wide load of them has to wait until all of the stores are done.

/// Calls `on_field(Key, Value&)` for each field. @return false when the object turns out to be malformed.
template <class OnField>
bool for_each_field(Object& object, OnField&& on_field) {
  for (auto result : object) {
    if (result.error()) return false;
    simdjson::ondemand::field&& field = std::move(result).value_unsafe();
    on_field(Key(field.key().raw()), field.value());
  }
  return true;
}

/// The same for a value that may be something else than an object (then nothing is called).
template <class OnField>
bool for_each_field(Value& value, OnField&& on_field) {
  auto result = value.get_object();
  if (result.error()) return true;
  Object&& object = std::move(result).value_unsafe();
  return for_each_field(object, on_field);
}

template <class OnElement>
bool for_each_element(Value& value, OnElement&& on_element) {
  auto result = value.get_array();
  if (result.error()) return true;
  Array&& array = std::move(result).value_unsafe();
  for (auto element : array) {
    if (element.error()) return false;
    Value&& item = std::move(element).value_unsafe();
    on_element(item);
  }
  return true;
}

}  // namespace kimistream::json
