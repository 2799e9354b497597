#include "rules/check.hpp"

namespace kimistream::rules {

std::vector<Finding> check(const Request&, const Provider&, std::string_view) { return {}; }
std::vector<Notice> apply(Request&, const Provider&, std::string_view) { return {}; }

}  // namespace kimistream::rules
