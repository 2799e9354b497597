#include "json/number.hpp"

#include <locale>
#include <sstream>
#include <string>

namespace kimistream::json {
namespace {

/// How many bytes of the text are a number: -12, 1.5, .5, 1., 2e-3.
std::size_t length_of_number(std::string_view text) {
  std::size_t at = 0;
  const auto is = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != std::string_view::npos;
  };
  const auto digits = [&] {
    const std::size_t first = at;
    while (is("0123456789")) ++at;
    return at - first;
  };
  if (is("-")) ++at;
  std::size_t count = digits();
  if (is(".")) {
    ++at;
    count += digits();
  }
  if (count == 0) return 0;
  const std::size_t end = at;
  if (is("eE")) {
    ++at;
    if (is("+-")) ++at;
    if (digits() != 0) return at;
  }
  return end;
}

}  // namespace

std::optional<double> take_number(std::string_view& text) {
  const std::size_t length = length_of_number(text);
  // Not strtod: the locale may want a comma. Not from_chars: libc++ has it for double from 20 on only, and nothing here
  // is read so often that two ways would pay.
  std::istringstream in(std::string(text.substr(0, length)));
  in.imbue(std::locale::classic());
  double value = 0;
  if (length == 0 || !(in >> value)) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

}  // namespace kimistream::json
