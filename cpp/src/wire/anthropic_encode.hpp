// From a request to the body of the messages protocol.
#pragma once

#include <string_view>

#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "wire/encode.hpp"

namespace kimistream::wire {

/// The same request as `encode` makes, in the other protocol's words. What differs in more than words:
///
/// * `max_tokens` must be sent. Where the caller gives none it is 32768, what Kimi K2.6 takes on its other route when
///   nothing is said (platform.kimi.ai, K2.6 quickstart): nobody gets less than before, so there is no notice.
/// * System messages stand outside of the conversation: all of them are lifted, in order.
/// * The results of a turn's calls, and what the user says beside them, become one user message, results first.
/// * Reasoning goes back as a thinking block, with its signature where it has one; a tool turn without reasoning gets
///   the row's placeholder. Opaque blocks of `reasoning_details` go back as they came.
/// * Arguments go back as JSON, no more as text.
/// * response_format json_schema becomes output_config.format, where the row does not say that it is not taken. What
///   cannot be said is left out, with the notice "field_left_out".
///
/// * A beginning goes as a text: with its thinking, servers want it signed, and thinking to be on.
///
/// Messages and prefill have been checked already (`encode` does it). @param begun as `encode` has it
Encoded encode_anthropic(const Provider& provider, const Request& request, std::string_view model, bool stream,
                         const Message* begun = nullptr);

}  // namespace kimistream::wire
