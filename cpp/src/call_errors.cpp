// What a call says of what went wrong. What a server said is shown without the keys of the request before the library
// adds words of its own.
#include <string>
#include <string_view>
#include <utility>

#include "call.hpp"
#include "wire/errors.hpp"
#include "wire/triage.hpp"

namespace kimistream {

Error Call::told(Error error) const {
  hide_keys(error);
  wire::triage(*setup_.provider, error);
  return error;
}

void Call::finish_refused() {
  std::string_view body = body_;
  std::string data;
  if (body.starts_with("data:") || body.starts_with("event:")) {  // an error status with an event stream for a body
    sse::Parser parser;
    parser.feed(body);
    auto event = parser.next();
    if (!event) event = parser.finish();
    if (event) {
      data.assign(event->data);
      body = data;
    }
  }
  Error error = told(wire::error_from_response(*setup_.provider, head_.status, head_.headers, body));
  if (head_.status < 400) {
    const auto location = error.headers.find("location");
    error.message =
        "HTTP " + std::to_string(head_.status) + ": the server redirects to " +
        std::string(location.value_or("another address")) +
        "; redirects are not followed, so that the key goes nowhere else. Set base_url to the final address";
    error.retryable = false;
  }
  fail_or_retry(std::move(error));
}

Error Call::stream_error() {
  std::string frame = decoder_.error_body();
  if (!decoder_.unreadable()) return told(wire::error_from_frame(*setup_.provider, head_.status, head_.headers, frame));
  hide_keys(frame);
  Error error = incomplete("a frame of the stream is not JSON: " + wire::excerpt(frame), "malformed_frame");
  error.body = frame.substr(0, 64 * 1024);
  return error;
}

Error Call::incomplete(std::string why, std::string type) {
  Error error;
  error.kind = ErrorKind::incomplete_stream;
  error.message = "the stream ended before the answer was complete: " + std::move(why);
  if (std::string skipped = decoder_.skipped(); !skipped.empty()) {
    hide_keys(skipped);
    error.message += ". What came last that was no JSON: " + wire::excerpt(skipped);
  }
  error.type = std::move(type);
  error.status_code = head_.status;
  error.retryable = error.type != "event_too_large";
  return error;
}

void Call::cannot_repeat() {
  if (!is_later())
    return fail(invalid_request("the request cannot be repeated: one of its media can be read only once"));
  Error error = mending_->cause;
  wire::add_sentence(error.message,
                     "The request could not be sent again, for one of its media can be read only once: pass its bytes "
                     "or its path");
  fail(std::move(error));
}

Error Call::not_taken_back(Error error) const {
  error.kind = ErrorKind::incomplete_stream;
  error.message =
      "the answer would have to be begun anew, but what was read of it cannot be taken back: " + error.message;
  return error;
}

Error Call::not_an_answer(std::string why) {
  Error error;
  error.kind = ErrorKind::response;
  error.message = "HTTP " + std::to_string(head_.status) + ": " + std::move(why);
  error.status_code = head_.status;
  error.body = body_.substr(0, 64 * 1024);
  return error;
}

Error Call::empty_answer() {
  Error error = not_an_answer("the response is empty");
  error.retryable = true;  // nothing was generated, or it was lost on the way
  return error;
}

}  // namespace kimistream
