#include "route.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace kimistream::load {
namespace {

using Kind = Route::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 11> names = {{
    {"blast", Kind::blast},
    {"each", Kind::each},
    {"paced", Kind::paced},
    {"slow", Kind::slow},
    {"late", Kind::late},
    {"stall", Kind::stall},
    {"small", Kind::small},
    {"delay", Kind::delay},
    {"sink", Kind::sink},
    {"models", Kind::models},
    {"stats", Kind::stats},
}};

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const auto segment = path.substr(0, path.find_first_of("/?"));
  path.remove_prefix(segment.size());
  return segment;
}

std::uint64_t next_number(std::string_view& path) {
  const auto segment = next_segment(path);
  std::uint64_t number = 0;
  std::from_chars(segment.data(), segment.data() + segment.size(), number);
  return number;
}

}  // namespace

Route route_of(std::string_view target) {
  Route route;
  for (auto segment = next_segment(target); !segment.empty(); segment = next_segment(target)) {
    const auto* found =
        std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.first == segment; });
    if (found == names.end()) continue;
    if (found->second == Kind::models) {  // also the last part of a client's address: GET /blast/v1/models
      route.kind = Kind::models;
      return route;
    }
    if (route.kind != Kind::unknown) continue;
    route.kind = found->second;
    if (route.kind == Kind::paced || route.kind == Kind::slow || route.kind == Kind::late ||
        route.kind == Kind::stall || route.kind == Kind::delay)
      route.first = next_number(target);
    if (route.kind == Kind::paced || route.kind == Kind::slow) route.second = next_number(target);
  }
  return route;
}

}  // namespace kimistream::load
