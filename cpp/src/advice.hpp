// What to do about a refusal, as far as it hangs on who was asked, for which model and with whose key.
#pragma once

#include <string_view>
#include <vector>

#include "kimistream/error.hpp"
#include "kimistream/event.hpp"
#include "kimistream/provider.hpp"

namespace kimistream {

/// What the server refused.
struct Asked {
  const Provider& provider;
  std::string_view url;
  std::string_view model;        // in the provider's spelling; "" for a resource that knows none
  std::string_view key_origin;   // "" where it is not known
  std::string_view models_call;  // as of ClientOptions
  bool with_key = false;
  bool accepted = false;                // the response began well: the error came inside of it
  const std::vector<Notice>& warnings;  // what the checks had said
};

/// Adds to the message of an error status what its reader can do. Other errors stay as they are.
void advise(const Asked& asked, Error& error);

}  // namespace kimistream
