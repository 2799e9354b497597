#include "kimistream/headers.hpp"

#include <algorithm>
#include <utility>

namespace kimistream {

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(own(), [&](const Field& field) { return equal_ignoring_case(field.first, name); });
  own_.emplace_back(std::string(name), std::move(value));
}

void Headers::share() {
  if (!shared_) shared_ = std::make_shared<const std::vector<Field>>(std::exchange(own_, {}));
}

std::vector<Headers::Field>& Headers::own() {
  if (shared_) own_ = *std::exchange(shared_, nullptr);
  return own_;
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields())
    if (equal_ignoring_case(key, name)) return value;
  return std::nullopt;
}

}  // namespace kimistream
