// Ids of models, which each provider spells in its own way.
#pragma once

#include <string>
#include <string_view>

#include "kimistream/provider.hpp"

namespace kimistream::rules {

/// What the provider calls the model that was probably meant by a name that it does not know; "" where none comes near.
[[nodiscard]] std::string meant_model(const Provider& provider, std::string_view model);

}  // namespace kimistream::rules
