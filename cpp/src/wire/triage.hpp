// What an error means for the one who meets it: which limit, whose fault, what to do.
#pragma once

#include "kimistream/error.hpp"
#include "kimistream/provider.hpp"

namespace kimistream::wire {

/// Sets `reason` from status, type, code and message, adds advice to the message, and takes `retryable` back where
/// trying again is of no use.
void triage(const Provider& provider, Error& error);

}  // namespace kimistream::wire
