// A line of the input as what is asked of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/rows.hpp"

namespace kimistream::rows {

struct Asked {
  std::vector<Message> messages;
  std::string key;        // JSON as a line has it; "" without RowOptions::key
  std::string ascii_key;  // the same as a ledger has it
  std::string input;      // JSON as a line has it
  std::string hash;       // of the request, 16 bytes
  std::string digest;     // of its key, or else of the row, 16 bytes
};

/// The key of a row that has none of its own, of which so many equal ones have come by now.
[[nodiscard]] std::string hash_key(std::string_view digest, std::uint64_t count);
/// Nothing for a line that somebody else must look at, see FileRows.
[[nodiscard]] std::optional<Asked> ask(std::string_view line, const RowOptions& options);

}  // namespace kimistream::rows
