// The usage of a frame in the OpenAI shape, under all the names that gateways have for its counters.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "characters.hpp"
#include "kimistream/message.hpp"
#include "wire/forms.hpp"

namespace kimistream::wire {

class UsageValues : protected Forms {
 protected:
  using Forms::Forms;

  /// Reads a usage object into `Frame::usage`. Where several names stand for one counter, the largest counts.
  void usage(json::Value& value);
  /// AI/ML API says there what the answer cost (docs/capabilities/request-tracing-and-cost).
  void meta(json::Value& value);

  /// An integer, also as a string ("0") or as a whole double (1.0); negative ones count as none.
  std::optional<std::int64_t> integer(json::Value& value) {
    if (const std::string_view token = value.raw_json_token(); token.size() == 1 && is_digit(token[0]))
      return token[0] - '0';  // the index of every choice; the loop over the fields skips what is left unread
    return any_integer(value);
  }

 private:
  struct Counters;

  std::optional<std::int64_t> any_integer(json::Value& value);
  bool count(json::Key key, json::Value& value, Counters& into);
  void input_details(json::Value& value, Counters& into);
  void output_details(json::Value& value, Counters& into);
  void cost(json::Value& value, Usage& into);
  void merge(const Usage& found);
};

}  // namespace kimistream::wire
