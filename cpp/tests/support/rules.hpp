// What the tests of the rules share: which findings there are, and what fixes make of a request.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rules/check.hpp"

namespace kimistream::test {

inline Request ask(Request request) {
  if (request.messages.empty()) request.messages = {user("Hi")};
  return request;
}

inline std::string default_model(const char* provider) { return find_provider(provider)->default_model; }

inline std::vector<rules::Finding> findings(const Request& request, const char* provider = "moonshot",
                                            std::string model = "") {
  if (model.empty()) model = default_model(provider);
  return rules::check(request, *find_provider(provider), model);
}

/// The codes, each followed by "?" where the finding is not certain, in order: "fixed_temperature schema_keyword?".
inline std::string codes(const Request& request, const char* provider = "moonshot", const std::string& model = "") {
  std::string all;
  for (const auto& finding : findings(request, provider, model))
    all += (all.empty() ? "" : " ") + finding.code + (finding.certain ? "" : "?");
  return all;
}

/// The message of the only finding.
inline std::string message(const Request& request, const char* provider = "moonshot", const std::string& model = "") {
  const auto all = findings(request, provider, model);
  REQUIRE(all.size() == 1);
  return all.front().message;
}

/// The request after check="fix"; what certain findings it had must be gone.
inline Request fixed(Request request, const char* provider = "moonshot", std::string model = "") {
  request.check = Check::fix;
  if (model.empty()) model = default_model(provider);
  const auto notices = rules::apply(request, *find_provider(provider), model);
  CHECK_FALSE(notices.empty());
  CHECK(std::any_of(notices.begin(), notices.end(),
                    [](const Notice& notice) { return notice.message.starts_with("changed before sending: "); }));
  for (const auto& finding : findings(request, provider, request.model.empty() ? model : request.model)) {
    CAPTURE(finding.message);
    CHECK_FALSE(finding.certain);
  }
  return request;
}

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace kimistream::test
