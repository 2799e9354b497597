#include "json/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "characters.hpp"

namespace kimistream::json {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Length of the well-formed UTF-8 sequence at the beginning of `text`, 0 when there is none (Unicode table 3-7).
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  constexpr char hex[] = "0123456789abcdef";
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool read_unit(std::string_view text, std::size_t at, std::uint32_t& unit) noexcept {
  if (at + 4 > text.size()) return false;
  unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return false;
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool is_half_at(std::string_view text, std::size_t at, unsigned char from, unsigned char to) noexcept {
  return at + 3 <= text.size() && text[at] == '\xED' && static_cast<unsigned char>(text[at + 1]) >= from &&
         static_cast<unsigned char>(text[at + 1]) <= to;
}
bool is_high_at(std::string_view text, std::size_t at) noexcept { return is_half_at(text, at, 0xA0, 0xAF); }
bool is_low_at(std::string_view text, std::size_t at) noexcept { return is_half_at(text, at, 0xB0, 0xBF); }

std::uint32_t ten_bits(std::string_view text, std::size_t at) noexcept {
  return ((static_cast<unsigned char>(text[at + 1]) & 0x0FU) << 6) | (static_cast<unsigned char>(text[at + 2]) & 0x3FU);
}

}  // namespace

// Eight at a time: long histories go out again with every request.
std::size_t end_of_plain(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, highs = ones * 0x80;
  const auto equals = [](std::uint64_t word, std::uint64_t c) {
    return ((word ^ (ones * c)) - ones) & ~(word ^ (ones * c));
  };
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      // The high bit of each byte that is met; borrows make it wrong only behind the first of them.
      const auto met = (word | (word - ones * 0x20) | equals(word, '"') | equals(word, '\\')) & highs;
      if (met != 0) return at + static_cast<std::size_t>(std::countr_zero(met)) / 8;
    }
  }
  const auto is_plain = [](char c) { return c >= 0x20 && c != '"' && c != '\\'; };
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80 && is_plain(text[at])) ++at;
  return at;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0;;) {
    i = end_of_plain(text, i);
    while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x80) {
      const std::size_t length = sequence_length(text.substr(i));
      if (length == 0) break;
      i += length;
    }
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: c < 0x20 ? append_control(out, c) : void(out += replacement);
    }
    plain = ++i;
  }
  out.append(text.substr(plain));
  out += '"';
}

bool unescape(std::string_view escaped, std::string& out) {
  for (std::size_t i = 0; i < escaped.size();) {
    if (escaped[i] != '\\') {
      const std::size_t next = std::min(escaped.find('\\', i), escaped.size());
      out.append(escaped.substr(i, next - i));
      i = next;
      continue;
    }
    if (i + 1 >= escaped.size()) return false;
    const char c = escaped[i + 1];
    i += 2;
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        std::uint32_t unit = 0;
        if (!read_unit(escaped, i, unit)) return false;
        i += 4;
        std::uint32_t low = 0;
        if (unit >= 0xD800 && unit <= 0xDBFF && escaped.substr(i, 2) == "\\u" && read_unit(escaped, i + 2, low) &&
            low >= 0xDC00 && low <= 0xDFFF) {
          unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
          i += 6;
        }
        append_utf8(out, unit);
        break;
      }
      default: return false;
    }
  }
  return true;
}

std::size_t utf8_prefix(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) break;
    i += length;
  }
  return i;
}

bool is_cut_utf8(std::string_view text) noexcept {
  if (text.empty() || text.size() > 3) return false;
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t wanted = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (lead > 0xF4 || text.size() >= wanted) return false;
  return std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
}

StringForm string_form(std::string_view text) noexcept {
  StringForm form = StringForm::plain;
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"') return StringForm::broken;
    if (c == '\\') {
      form = StringForm::escaped;
      i += 2;
    } else if (c < 0x80) {
      ++i;
    } else {
      const std::size_t length = sequence_length(text.substr(i));
      if (length == 0) return StringForm::broken;
      i += length;
    }
  }
  return i == text.size() ? form : StringForm::broken;  // a backslash at the end would take the quote behind it
}

std::string mend(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = sequence_length(text.substr(i));
      out.append(length ? text.substr(i, length) : replacement);
      i += length ? length : 1;
      continue;
    }
    if (in_string && c == '\\' && i + 1 < text.size()) {
      out.append(text.substr(i, 2));
      i += 2;
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string && c < 0x20)
      append_control(out, c);
    else
      out += static_cast<char>(c);
    ++i;
  }
  return out;
}

bool ends_with_high_half(std::string_view text) noexcept {
  return text.size() >= 3 && is_high_at(text, text.size() - 3);
}
bool begins_with_low_half(std::string_view text) noexcept { return is_low_at(text, 0); }

bool has_half(std::string_view text) noexcept {
  for (std::size_t at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
    if (is_half_at(text, at, 0xA0, 0xBF)) return true;
  return false;
}

std::string join_halves(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (is_high_at(text, i) && is_low_at(text, i + 3)) {
      append_utf8(out, 0x10000 + (ten_bits(text, i) << 10) + ten_bits(text, i + 3));
      i += 6;
    } else if (is_half_at(text, i, 0xA0, 0xBF)) {
      out.append(replacement);
      i += 3;
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace kimistream::json
