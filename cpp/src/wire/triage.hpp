// What an error means for the one who meets it: which limit, whose fault, what to do.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"

namespace kimistream::wire {

/// Sets `reason` from status, type, code and message, adds advice to the message, and takes `retryable` back where
/// trying again is of no use.
void triage(const Provider& provider, Error& error);

/// Adds a sentence to a message, behind exactly one full stop. "" adds nothing.
void add_sentence(std::string& message, std::string_view sentence);

}  // namespace kimistream::wire
