#include <algorithm>

#include "json/document.hpp"
#include "json/strict.hpp"
#include "json/text.hpp"
#include "kimistream/json.hpp"

namespace kimistream::json {
namespace {

/// simdjson looks once for what the processor can do. That is over before any thread is, for a child that is born while
/// another thread looks would wait for it for ever.
[[maybe_unused]] const bool chosen_at_start = !simdjson::get_active_implementation()->name().empty();

class Walk {
 public:
  Walk(Reader& reader, Visitor& visitor, bool strict) : reader_(reader), visitor_(visitor), strict_(strict) {}

  void value(Value value, int depth) {
    if (depth > max_depth) throw Malformed("JSON nests deeper than " + std::to_string(max_depth) + " levels");
    std::string_view token = value.raw_json_token();
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
      token.remove_suffix(1);
    switch (token.empty() ? '\0' : token.front()) {
      case '{': return object(value, depth);
      case '[': return array(value, depth);
      case '"': return visitor_.on_string(string(value));
      case 't':
      case 'f': {
        bool flag = false;
        check(value.get_bool().get(flag));
        return visitor_.on_bool(flag);
      }
      case 'n': {
        bool null = false;
        check(value.is_null().get(null));
        if (!null) fail();
        return visitor_.on_null();
      }
      case 'N':
      case 'I': return constant(token);
      case '-':
        if (token.size() > 1 && token[1] == 'I') return constant(token);
        [[fallthrough]];
      default:
        if (!is_number(token)) fail();  // the text is handed on: that loses nothing
        return visitor_.on_number(token);
    }
  }

 private:
  [[noreturn]] static void fail() { throw Malformed("not JSON"); }
  static void check(simdjson::error_code error) {
    if (error) throw Malformed(std::string("not JSON: ") + simdjson::error_message(error));
  }

  /// The grammar of JSON, and no more: a number too large for a double is still one.
  static bool is_number(std::string_view token) {
    const auto digits = [&] {
      const std::size_t count = std::min(token.find_first_not_of("0123456789"), token.size());
      token.remove_prefix(count);
      return count;
    };
    const auto skip = [&](std::string_view any_of) {
      if (token.empty() || any_of.find(token.front()) == std::string_view::npos) return false;
      token.remove_prefix(1);
      return true;
    };
    skip("-");
    if (!skip("0") && digits() == 0) return false;
    if (skip(".") && digits() == 0) return false;
    if (skip("eE")) {
      skip("+-");
      if (digits() == 0) return false;
    }
    return token.empty();
  }

  void constant(std::string_view token) {
    if (strict_ || (token != "NaN" && token != "Infinity" && token != "-Infinity")) fail();
    visitor_.on_number(token);
  }

  std::string_view string(Value value) {
    simdjson::ondemand::raw_json_string raw;
    check(value.get_raw_json_string().get(raw));
    return text(raw.raw());
  }

  std::string_view text(const char* raw) {
    std::string_view text;
    if (!reader_.string_at(raw, text)) fail();
    if (!has_half(text)) return text;
    if (strict_) fail();
    joined_ = join_halves(text);
    return joined_;
  }

  void object(Value value, int depth) {
    Object object;
    check(value.get_object().get(object));
    visitor_.on_object_begin();
    for (auto field : object) {
      simdjson::ondemand::raw_json_string key;
      check(field.key().get(key));
      visitor_.on_key(text(key.raw()));
      Value item = field.value();
      this->value(item, depth + 1);
    }
    visitor_.on_object_end();
  }

  void array(Value value, int depth) {
    Array array;
    check(value.get_array().get(array));
    visitor_.on_array_begin();
    for (auto element : array) {
      Value item;
      check(element.get(item));
      this->value(item, depth + 1);
    }
    visitor_.on_array_end();
  }

  Reader& reader_;
  Visitor& visitor_;
  bool strict_;
  std::string joined_;
};

void visit_all(std::string_view text, Visitor& visitor, bool strict) {
  // A reader of its own: a visitor may well be called from within a decode of this thread.
  thread_local Reader reader;
  // The parser reads scalars at the root by other functions; inside an array there is one way for all.
  std::string wrapped;
  wrapped.reserve(text.size() + 2);
  wrapped.append("[").append(text).append("]");
  Document document;
  if (!reader.open(wrapped, document) || (strict && reader.mended())) throw Malformed("not JSON");
  Array array;
  if (document.get_array().get(array)) throw Malformed("not JSON");
  int count = 0;
  for (auto element : array) {
    Value value;
    if (element.get(value) || ++count > 1) throw Malformed("not one JSON value");
    Walk(reader, visitor, strict).value(value, 0);
  }
  const char* behind = nullptr;
  if (count != 1 || document.current_location().get(behind) == simdjson::SUCCESS) throw Malformed("not one JSON value");
}

}  // namespace

Visitor::~Visitor() = default;  // here, so that the class has one home and not a copy in each file that uses it

void visit(std::string_view text, Visitor& visitor) { visit_all(text, visitor, false); }

void visit_strictly(std::string_view text, Visitor& visitor) { visit_all(text, visitor, true); }

bool is_json(std::string_view text) {
  Visitor nothing;
  const auto reads = [&](std::string_view document) {
    try {
      visit(document, nothing);
    } catch (const Malformed&) {
      return false;
    }
    return true;
  };
  return reads(text) || reads(mend(text));
}

bool ObjectScan::feed(std::string_view text) noexcept {
  for (const char c : text) {
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    if (closed_ || (depth_ == 0 && c != '{')) broken_ = true;  // something outside the one object
    if (c == '"')
      in_string_ = true;
    else if (c == '{' || c == '[')
      ++depth_;
    else if (c == '}' || c == ']')
      closed_ = --depth_ == 0;
  }
  return whole();
}

std::string_view leading_object(std::string_view text) noexcept {
  ObjectScan scan;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (scan.feed(text.substr(at, 1))) return text.substr(0, at + 1);
  return {};
}

}  // namespace kimistream::json
