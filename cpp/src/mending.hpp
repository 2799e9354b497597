// What a call keeps of an answer that may be mended, across the attempts that it takes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "joint.hpp"
#include "kimistream/event.hpp"
#include "kimistream/message.hpp"
#include "kimistream/request.hpp"
#include "mend.hpp"
#include "outgoing.hpp"
#include "wire/offer.hpp"

namespace kimistream {

/// Asked for with a call whose answer may be mended.
struct MendSetup {
  MendPolicy policy;
  std::shared_ptr<const Request> request;  // as the rules have left it; continuations are made of it
};

/// What is sent, and how its answer is read.
struct Asking {
  std::shared_ptr<Body> body;
  std::shared_ptr<Outgoing> outgoing;
  bool thinks = true;
  std::shared_ptr<const wire::Offer> offer;
};

/// Plain state; `Call` says what happens when (call_mending.cpp).
struct Mending {
  /// What the attempt under way is for.
  enum class For {
    answer,        // the first
    restart,       // it begins the answer anew
    continuation,  // it goes on behind a break
    growth,        // it goes on where max_tokens had cut
  };

  explicit Mending(MendSetup setup) : policy(setup.policy), request(std::move(setup.request)) {}

  MendPolicy policy;
  std::shared_ptr<const Request> request;
  Asking first;  // as it was asked, for a restart

  For what = For::answer;
  bool begun = false;      // an event of this attempt has come
  bool voided = false;     // it began anew, and what had been said before is void
  bool brought = false;    // something new has come
  bool reasoning = false;  // the last that came was reasoning
  int answers = 0;         // requests that began an answer
  int breaks = 0;          // that were met and are, or were to be, mended
  int growths = 0;         // continuations of this answer that max_tokens had cut
  Error cause;             // of the attempt under way
  Usage spent;             // by the attempts before
  // What the caller's max_tokens does not count any more, in bytes of text and reasoning, and in tokens as far as told.
  std::size_t uncounted_bytes = 0;
  std::int64_t uncounted_tokens = 0;
  std::unique_ptr<Joint> joint;

  std::optional<Finish> finish;  // "length", held back since the answer goes on
  bool cannot_be_taken_back = false;

  [[nodiscard]] bool later() const noexcept { return what != For::answer; }
  [[nodiscard]] bool goes_on() const noexcept { return what == For::continuation || what == For::growth; }
  /// Several attempts make, or will make, one answer.
  [[nodiscard]] bool joins() const noexcept { return later() || finish; }
};

}  // namespace kimistream
