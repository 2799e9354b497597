// Clients of a fault server, over real sockets.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "fault_server/fault_server.hpp"
#include "kimistream/kimistream.hpp"
#include "support/play.hpp"

namespace kimistream::testing {

inline ClientOptions options_for(const std::string& base_url, int max_retries = 0) {
  return {.provider = "moonshot", .base_url = base_url, .api_key = "sk-test-0123456789", .max_retries = max_retries};
}

/// The frames of a whole answer, each with its blank line.
inline std::vector<std::string> whole_frames(std::string_view content = "Hello") {
  return {sse(thinking("Well.")), sse(text(content)), sse(finish("stop")), sse(usage(3, 4)), std::string(done)};
}

/// The head of a chunked event stream.
inline testing::Script stream_head() {
  testing::Script script;
  return script.head(200, {{"Content-Type", "text/event-stream"}}, true);
}

/// What `attempt(limit)` gives: tried again with a limit 5 times, and 25 times as long, where it is not as wanted. For
/// tests of clocks that wait for somebody else as well: who is late on a busy machine is in time at last.
template <class Attempt, class Wanted>
auto with_patience(std::chrono::milliseconds limit, Attempt attempt, Wanted wanted) {
  for (const int patience : {1, 5})
    if (auto seen = attempt(limit * patience); wanted(seen)) return seen;
  return attempt(limit * 25);
}

/// Starts one stream and reads it to its end.
inline Outcome read_stream(Client& client, const kimistream::Request& request = one_plus_one) {
  Stream stream = client.start(request, true, Shape::events);
  return read_all(stream);
}

}  // namespace kimistream::testing
