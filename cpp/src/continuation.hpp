// The request that goes on with an answer: what was asked, with what has come as the beginning of what is to come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joint.hpp"
#include "kimistream/message.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "wire/encode.hpp"

namespace kimistream {

/// Why answers to this request cannot be gone on with, a clause; "" where they can. That is so at providers without
/// prefill; where several answers are asked for; and where a grammar holds for the answer: servers would hold the
/// continuation to the whole of it once more.
[[nodiscard]] std::string_view obstacle(const Provider& provider, const Request& request);

struct Continuation {
  wire::Encoded encoded;  // its notices are what the caller is to know of the continuation alone
  Before before;          // for the joint
};

/// * What has come stands behind the beginning that the caller gave, in one message, without the white space at its
///   end, and with the reasoning beside it where the row writes reasoning.
/// * The model is not to reason again where the row has a switch for that; what the caller says of thinking in the free
///   fields goes, and values that the model fixes otherwise without thinking go, too.
/// * `spent` tokens of the caller's limit are gone, whatever name it has; one is left at least.
/// * response_format json_object is left out, with a notice: Moonshot refuses it beside partial, and a grammar of JSON
///   would begin anew.
/// * Everything else is as it was.
///
/// @param asked  what was asked for, as the rules have left it
/// @param model  in the provider's spelling
/// @param so_far what has arrived of the answer
/// @throws Exception (invalid_request) where a medium cannot be read any more
[[nodiscard]] Continuation continuation(const Provider& provider, const Request& asked, std::string_view model,
                                        const Message& so_far, std::int64_t spent);

/// Tokens that a text of that many bytes has, about; rather too few.
[[nodiscard]] std::int64_t tokens_about(std::size_t bytes) noexcept;

}  // namespace kimistream
