#include "rows/form.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "json/number.hpp"
#include "json/text.hpp"

namespace kimistream::rows {
namespace {

using json::Tree;

constexpr int deepest = 200;
constexpr std::size_t longest_number = 4000;  // Python refuses integers of more than 4,300 digits

void append_unit(std::string& out, std::uint32_t unit) {
  constexpr char hex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex[(unit >> shift) & 15];
}

/// The character that begins there, in UTF-8; moves behind it.
std::uint32_t take_character(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  std::uint32_t code = first & (first < 0xE0 ? 0x1FU : first < 0xF0 ? 0x0FU : 0x07U);
  for (int rest = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3; rest > 0 && at < text.size(); --rest)
    code = (code << 6) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  return code;
}

bool breaks_lines(std::uint32_t code) { return code == 0x85 || code == 0x2028 || code == 0x2029; }

/// Characters beyond ASCII: as they are, or escaped where the form wants that.
void append_beyond(std::string& out, std::string_view text, std::size_t& at, Form form) {
  const std::size_t begin = at;
  const std::uint32_t code = take_character(text, at);
  if (form == Form::canonical && code >= 0x10000) {
    append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
    append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
  } else if (form == Form::canonical || (form == Form::line && breaks_lines(code))) {
    append_unit(out, code);
  } else {
    out.append(text.substr(begin, at - begin));
  }
}

bool stands_for_itself(unsigned char c, Form form) {
  if (c < 0x20 || c == '"' || c == '\\') return false;
  return form == Form::canonical ? c < 0x7F : form != Form::line || (c != 0xC2 && c != 0xE2);
}

bool settle_number(Tree& number) {
  std::string_view text = number.text();
  if (text.size() > longest_number) return false;
  if (text.find_first_of(".eE") == std::string_view::npos) {
    if (text == "-0") number = Tree::number("0");
    return true;
  }
  const auto value = json::take_number(text);
  if (!value || !text.empty() || !std::isfinite(*value)) return false;
  std::string settled;
  append_double(settled, *value);
  number = Tree::number(std::move(settled));
  return true;
}

template <class Items, class Write>
void append_all(std::string& out, const Items& items, Form form, Write&& write) {
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += form == Form::prompt ? ", " : ",";
    first = false;
    write(item);
  }
}

void append_object(std::string& out, const Tree& object, Form form) {
  std::vector<const Tree::Field*> fields;
  fields.reserve(object.fields().size());
  for (const Tree::Field& field : object.fields())
    if (form != Form::canonical || !field.second.is(Tree::Kind::null)) fields.push_back(&field);
  if (form == Form::canonical)
    std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  out += '{';
  append_all(out, fields, form, [&](const Tree::Field* field) {
    append_string(out, field->first, form);
    out += form == Form::prompt ? ": " : ":";
    append(out, field->second, form);
  });
  out += '}';
}

}  // namespace

void append_string(std::string& out, std::string_view text, Form form) {
  constexpr std::string_view escaped = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (form != Form::canonical) at = json::end_of_plain(text, at);  // there the last of ASCII is escaped, too
    while (at < text.size() && stands_for_itself(static_cast<unsigned char>(text[at]), form)) ++at;
    out.append(text.substr(begin, at - begin));
    if (at == text.size()) break;
    const char c = text[at];
    if (static_cast<unsigned char>(c) >= 0x80) {
      append_beyond(out, text, at, form);
      continue;
    }
    if (const std::size_t known = escaped.find(c); known != std::string_view::npos)
      (out += '\\') += letters[known];
    else
      append_unit(out, static_cast<unsigned char>(c));
    ++at;
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  // The shortest digits that mean this double, as d.ddde+xx; Python writes an exponent below -4 and from 16 on.
  std::array<char, 32> buffer{};
  const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view written(buffer.data(), static_cast<std::size_t>(done.ptr - buffer.data()));
  const std::size_t split = written.find('e');
  const int exponent = std::atoi(std::string(written.substr(split + 1)).c_str());
  if (exponent < -4 || exponent >= 16) {
    out.append(written);
    return;
  }
  std::string digits;
  for (const char c : written.substr(0, split)) {
    if (c == '-')
      out += c;
    else if (c != '.')
      digits += c;
  }
  if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    return;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
  out.append(digits, 0, whole).append(".").append(digits, whole);
}

void append(std::string& out, const Tree& value, Form form) {
  switch (value.kind()) {
    case Tree::Kind::null: out += "null"; return;
    case Tree::Kind::boolean:
    case Tree::Kind::number: out += value.text(); return;
    case Tree::Kind::string: return append_string(out, value.text(), form);
    case Tree::Kind::object: return append_object(out, value, form);
    case Tree::Kind::array:
      out += '[';
      append_all(out, value.items(), form, [&](const Tree& item) { append(out, item, form); });
      out += ']';
  }
}

bool settle(Tree& value, int depth) {
  if (depth > deepest) return false;
  if (value.is(Tree::Kind::number)) return settle_number(value);
  for (Tree& item : value.items())
    if (!settle(item, depth + 1)) return false;
  for (Tree::Field& field : value.fields())
    if (!settle(field.second, depth + 1)) return false;
  return true;
}

}  // namespace kimistream::rows
