// JSON text as the lines of a bulk run, its prompts and its keys have it. Keys and hashes are kept in ledgers, so each
// form is fixed byte by byte: it is what Python's json module writes.
#pragma once

#include <string>
#include <string_view>

#include "json/tree.hpp"

namespace kimistream::rows {

enum class Form {
  line,       // compact; characters at which readers break lines are escaped
  prompt,     // characters as they are, one space behind commas and colons
  compact,    // characters as they are
  canonical,  // compact ASCII; keys sorted, those whose value is null left out
};

/// A value whose numbers are as `settle` leaves them.
void append(std::string& out, const json::Tree& value, Form form);
/// `text` is UTF-8.
void append_string(std::string& out, std::string_view text, Form form);
/// As Python writes a float: 1.0, 1e+16, 1e-05.
void append_double(std::string& out, double value);

/// Writes each number as Python does that has read it: integers as they stand, however long, others as the double that
/// they come nearest to.
/// @return false for what not every reader takes: a number beyond a double's range or thousands of digits long, values
/// in one another by hundreds
[[nodiscard]] bool settle(json::Tree& value, int depth = 0);

}  // namespace kimistream::rows
