// From a request to the body that a provider reads.
#pragma once

#include <memory>
#include <vector>

#include "kimistream/message.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "kimistream/transport.hpp"
#include "kimistream/written.hpp"
#include "wire/offer.hpp"

namespace kimistream::wire {

struct Encoded {
  std::shared_ptr<Body> body;
  std::vector<Notice> notices;         // what the caller should know about the request
  bool thinks = true;                  // false: the answer comes without reasoning before it
  std::shared_ptr<const Offer> offer;  // the functions that the model may call; null: none
};

/// @param model a neutral id, or the model in the provider's spelling
/// @param begun an assistant message to go on from, in place of `request.prefill`; null: there is none
/// @param written what was written of the messages for an earlier request; null: nothing is kept
/// @throws Exception (invalid_request) for a request that no server would take
Encoded encode(const Provider& provider, const Request& request, std::string_view model, bool stream,
               const Message* begun = nullptr, Written* written = nullptr);

/// The body of a request for a whole answer, made to ask for the same answer as a stream. Its sources are shared.
[[nodiscard]] std::shared_ptr<Body> as_stream(const Provider& provider, const Body& whole);

}  // namespace kimistream::wire
