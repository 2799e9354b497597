// How a call mends an answer that breaks, and goes on with one that max_tokens has cut: what is sent next, and how the
// attempts become one answer. What is done about a break is decided in mend.cpp, without a call.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "call.hpp"
#include "continuation.hpp"
#include "wire/triage.hpp"

namespace kimistream {
namespace {

bool is_notice(const Event& event) { return std::holds_alternative<Notice>(event); }

/// It is a piece of the answer itself.
bool says(const Event& event) {
  return !is_notice(event) && !std::holds_alternative<Usage>(event) && !std::holds_alternative<Restarted>(event) &&
         !std::holds_alternative<Finish>(event);
}

std::string sentence(std::string words) {
  if (!words.empty() && words.back() != '.') words += '.';
  return words;
}

std::size_t bytes_of(const Message& message) {
  return message.text().size() + (message.reasoning ? message.reasoning->size() : 0);
}

std::int64_t tokens_of(const Message& message) {
  return message.usage ? message.usage->completion_tokens.value_or(0) : 0;
}

}  // namespace

// ---- an attempt's events ----------------------------------------------------------------------------------------

/// What the decoder has made of the last frame becomes part of one answer of several attempts.
/// @param fresh where its events begin @return where they begin now
std::size_t Call::settle(std::size_t fresh) {
  Mending& mending = *mending_;
  const auto any = [&](auto&& wanted) {
    return std::any_of(events_.begin() + static_cast<std::ptrdiff_t>(fresh), events_.end(), wanted);
  };
  if (fresh == events_.size()) return fresh;
  if (mending.later()) {
    if (mending.what == Mending::For::restart && !mending.voided &&
        any([](const Event& event) { return says(event) || std::holds_alternative<Finish>(event); }))
      fresh = void_what_was_said(fresh);
    if (!mending.begun && any([](const Event& event) { return !is_notice(event); })) begin_later(fresh);
    if (mending.joint) mending.joint->filter(events_, fresh);
    mending.brought = mending.joint ? mending.joint->brought() : mending.brought || any(says);
    for (std::size_t i = fresh; i < events_.size(); ++i)
      if (auto* usage = std::get_if<Usage>(&events_[i])) {
        Usage all = mending.spent;
        all.add(*usage);
        *usage = all;
      }
    if (fresh == events_.size()) return fresh;
  }
  if (std::holds_alternative<Thinking>(events_.back()))
    mending.reasoning = true;
  else if (std::holds_alternative<Text>(events_.back()))
    mending.reasoning = false;
  if (mending.policy.continue_on_length > mending.growths && decoder_.finished() && !mending.finish) hold_finish(fresh);
  return fresh;
}

/// A later attempt has begun: only now it counts.
void Call::begin_later(std::size_t& fresh) {
  Mending& mending = *mending_;
  mending.begun = true;
  retries_ = 0;
  ++mending.answers;
  const auto insert = [&](Event event) {
    events_.insert(events_.begin() + static_cast<std::ptrdiff_t>(fresh++), std::move(event));
  };
  mending.finish.reset();
  if (mending.what == Mending::For::growth) return;
  {
    const std::lock_guard lock(message_mutex_);
    ++accumulator_.message().resumed;
  }
  if (mending.what == Mending::For::restart)
    insert(Notice{"broken_and_restarted", "the answer broke off and was asked for anew: " + mending.cause.message});
  else
    insert(Notice{"broken_and_continued", "the answer broke off and was gone on with: " + mending.cause.message});
}

/// An attempt that begins the answer anew says something: what was said before is void, and what is not handed over yet
/// is dropped. Tokens are counted before anything is said, and that alone voids nothing.
std::size_t Call::void_what_was_said(std::size_t fresh) {
  mending_->voided = true;
  const bool delivered = was_delivered();
  const int attempt = mending_->answers + (mending_->begun ? 0 : 1);
  std::vector<Event> kept;
  std::size_t folded = 0;
  for (std::size_t i = next_event_; i < fresh; ++i) {
    if (!is_notice(events_[i])) continue;
    kept.push_back(std::move(events_[i]));
    if (i < folded_) ++folded;
  }
  if (delivered) kept.emplace_back(Restarted{attempt, sentence(mending_->cause.message)});
  const std::size_t begin = kept.size();
  kept.insert(kept.end(), std::make_move_iterator(events_.begin() + static_cast<std::ptrdiff_t>(fresh)),
              std::make_move_iterator(events_.end()));
  events_ = std::move(kept);
  next_event_ = 0;
  folded_ = folded;
  first_said_.reset();
  gathering_.reset();
  const std::lock_guard lock(message_mutex_);
  accumulator_.restart();
  accumulator_.message().id.clear();
  accumulator_.message().model.clear();
  return begin;
}

/// Chunks are not events: none of them says that what was shown is void.
bool Call::cannot_take_back() const noexcept {
  return mending_->cannot_be_taken_back || (setup_.shape == Shape::chunks && setup_.streams && was_delivered());
}

/// Finds out when something of the answer has been handed over, before the new events are folded.
void Call::look_what_is_said() noexcept {
  const auto said = std::find_if(events_.begin() + static_cast<std::ptrdiff_t>(folded_), events_.end(), says);
  if (said != events_.end()) first_said_ = taken_ + static_cast<std::size_t>(said - events_.begin()) - next_event_;
}

/// A finish reason "length" has come. Where the answer goes on, the reader does not see it.
void Call::hold_finish(std::size_t fresh) {
  Mending& mending = *mending_;
  const auto found = std::find_if(events_.begin() + static_cast<std::ptrdiff_t>(fresh), events_.end(),
                                  [](const Event& event) { return std::holds_alternative<Finish>(event); });
  if (found == events_.end() || std::get<Finish>(*found).reason != "length") return;
  Accumulator so_far = accumulator_;
  for (std::size_t i = folded_; i < events_.size(); ++i) so_far.add(events_[i]);
  if (!can_grow(so_far.message())) return;
  const std::string_view why = obstacle(*setup_.provider, *mending.request);
  if (!why.empty()) {
    events_.insert(found, Notice{"not_continued", "max_tokens has cut the answer, and it could not be gone on with: " +
                                                      std::string(why)});
    return;
  }
  mending.finish = std::move(std::get<Finish>(*found));
  events_.erase(found);
}

wire::Gathering& Call::gathering() {
  if (!gathering_) gathering_ = std::make_unique<wire::Gathering>();
  return *gathering_;
}

/// The new events in the OpenAI shape.
void Call::show_chunks(std::size_t fresh) {
  const auto events = std::span(events_).subspan(std::min(fresh, events_.size()));
  if (gathers()) return gathering().add(decoder_, created_, is_later());
  if (mending_ && !first_said_ && std::any_of(events.begin(), events.end(), says))
    first_said_ = taken_ + chunks_.size() - next_chunk_;
  if (!mending_ || !mending_->joins()) return wire::add_chunk(decoder_, events, created_, chunks_);
  Mending& mending = *mending_;
  const Message& message = accumulator_.message();
  if (mending.finish) {
    // The frames from the finish reason on are those of an end that is none, unless nobody goes on.
    if (std::any_of(events.begin(), events.end(), says)) {
      sign();
      chunks_.push_back(wire::said_chunk(message, events, created_));
    }
  } else if (body_kind_ == BodyKind::json) {
    sign();
    chunks_.push_back(wire::said_chunk(message, events, created_));
  } else {
    wire::add_later_chunk(decoder_, message, mending.goes_on(), events, created_, chunks_);
  }
}

bool Call::drain() {
  const std::size_t before = events_.size();
  const bool complete = decoder_.finish(events_);
  if (!mending_ || before == events_.size()) return complete;
  const std::size_t fresh = settle(before);
  const auto events = std::span(events_).subspan(std::min(fresh, events_.size()));
  // No frame says what was held back until now.
  if (mending_->policy.on_break != OnBreak::raise && setup_.shape == Shape::chunks && !gathers() &&
      std::any_of(events.begin(), events.end(), says)) {
    sign();
    chunks_.push_back(wire::said_chunk(accumulator_.message(), events, created_));
  }
  return complete || (mending_->joint && mending_->joint->stopped());
}

// ---- between two attempts ---------------------------------------------------------------------------------------

/// Something of the answer had come, and it will not be completed by this attempt.
void Call::broken(Error error, bool lost) {
  if (!mending_) return fail(std::move(error));
  Mending& mending = *mending_;
  if (decoder_.finished()) return mending.finish ? complete_at_once() : fail(std::move(error));
  decoder_.forget_halves();
  if (drain()) return complete_at_once();
  flush();
  sign();
  const Message& message = accumulator_.message();
  const Plan plan = plan_for(mending.policy, {.error = error,
                                              .so_far = message,
                                              .obstacle = obstacle(*setup_.provider, *mending.request),
                                              .mended = mending.breaks,
                                              .lost = lost,
                                              .brought = mending.later() ? mending.brought : true,
                                              .reasoning = mending.reasoning,
                                              .cannot_be_taken_back = cannot_take_back()});
  std::optional<double> delay = 0;
  if (plan.pauses) {
    RetryPolicy policy = setup_.retry;
    policy.max_retries = mending.policy.max_breaks + 1;  // breaks are counted on their own
    delay = pause_behind(error, policy, mending.breaks);
  }
  if (plan.mend == Mend::raise_instead) return fail(not_taken_back(std::move(error)));
  if (plan.mend == Mend::raise || !delay) {
    if (mending.joint) mending.joint->release(events_);
    return fail(std::move(error));
  }
  ++mending.breaks;
  retries_ = 0;
  trying_since_ = Clock::now();
  drop_attempt();
  std::string how = plan.mend == Mend::go_on ? "it is gone on with" : "it is asked for anew";
  if (!plan.why.empty()) how += ", for " + std::string(plan.why);
  if (plan.mend == Mend::go_on) {
    mending.cause = std::move(error);
    try {
      ask_to_go_on(Mending::For::continuation);
    } catch (const Exception& exception) {
      wire::add_sentence(mending.cause.message, "It could not be gone on with: " + exception.error().message);
      return fail(mending.cause);
    }
  } else {
    ask_anew(std::move(error));
  }
  attempt_later(*delay, how);
}

/// The server does not want to go on.
void Call::refused_to_go_on(Error error) {
  Mending& mending = *mending_;
  events_.emplace_back(Notice{"continuation_refused", "the server refused to go on with the answer: " + error.message});
  if (mending.what == Mending::For::growth) return give_as_it_was();
  if (cannot_take_back()) {
    Error cause = mending.cause;
    wire::add_sentence(cause.message, "The server refused to go on with it: " + error.message);
    return fail(not_taken_back(std::move(cause)));
  }
  drop_attempt();
  ask_anew(Error(mending.cause));
  attempt_later(0, "the server refused to go on with it; it is asked for anew");
}

/// max_tokens has cut the answer, all of it has come, and it is to go on.
void Call::grow() {
  Mending& mending = *mending_;
  flush();
  sign();
  if (exchange_) exchange_->detach();
  drop_attempt();
  ++mending.growths;
  retries_ = 0;
  trying_since_ = Clock::now();
  mending.uncounted_bytes = bytes_of(accumulator_.message());
  mending.uncounted_tokens = tokens_of(accumulator_.message());
  mending.cause = incomplete("max_tokens had cut it", "length");
  try {
    ask_to_go_on(Mending::For::growth);
  } catch (const Exception& exception) {
    events_.emplace_back(Notice{"not_continued", "max_tokens has cut the answer, and it could not be gone on with: " +
                                                     exception.error().message});
    return give_as_it_was();
  }
  attempt_later(0, "it is gone on with");
}

/// An answer that max_tokens has cut stays as it was.
void Call::give_as_it_was() {
  const std::vector<Event> end = {*std::exchange(mending_->finish, std::nullopt)};
  events_.push_back(end.front());
  if (setup_.shape == Shape::chunks && setup_.streams)
    chunks_.push_back(wire::said_chunk(accumulator_.message(), end, created_));
  complete_at_once();
}

void Call::ask_anew(Error cause) {
  Mending& mending = *mending_;
  mending.what = Mending::For::restart;
  mending.cause = std::move(cause);
  mending.joint.reset();
  mending.finish.reset();
  mending.growths = 0;
  mending.uncounted_bytes = 0;
  mending.uncounted_tokens = tokens_of(accumulator_.message());
  if (setup_.shape == Shape::chunks) {  // none of them said anything that was delivered
    chunks_.clear();
    next_chunk_ = 0;
  }
  ask(mending.first);
}

void Call::ask_to_go_on(Mending::For what) {
  Mending& mending = *mending_;
  const Message& message = accumulator_.message();
  // Fragments may be told of before the tokens are, and the count of a broken attempt may be an early one.
  std::int64_t spent = 0;
  if (what == Mending::For::continuation)
    spent = std::max(tokens_about(bytes_of(message) - mending.uncounted_bytes),
                     tokens_of(message) - mending.uncounted_tokens);
  Continuation made = continuation(*setup_.provider, *mending.request, setup_.model, message, spent);
  for (Notice& notice : made.encoded.notices) {
    const auto& told = message.warnings;
    if (std::find(told.begin(), told.end(), notice) == told.end()) events_.emplace_back(std::move(notice));
  }
  Asking asking{.body = std::move(made.encoded.body), .thinks = made.encoded.thinks, .offer = made.encoded.offer};
  asking.outgoing = Outgoing::watch(asking.body);
  mending.what = what;
  mending.joint = std::make_unique<Joint>(std::move(made.before));
  ask(std::move(asking));
}

void Call::ask(Asking asking) {
  setup_.request.body = std::move(asking.body);
  outgoing_ = std::move(asking.outgoing);
  setup_.thinks = asking.thinks;
  setup_.offer = std::move(asking.offer);
  decoder_ = new_decoder();
}

/// @param how what is done about what broke
void Call::attempt_later(double delay, std::string_view how) {
  Mending& mending = *mending_;
  mending.answers = std::max(mending.answers, 1);
  mending.begun = mending.voided = mending.brought = mending.reasoning = false;
  mending.spent = accumulator_.message().usage.value_or(Usage{});
  phase_ = Phase::backing_off;
  retry_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(delay));
  log_.push_back("the answer is not whole (" + mending.cause.message + "); " + std::string(how) + ", after " +
                 std::to_string(static_cast<int>(delay * 1000)) + " ms");
  flush();
  tell();  // whoever drives this must look at the new deadline
}

/// Nothing more is wanted of the attempt under way.
void Call::drop_attempt() {
  exchange_.reset();
  decoder_ = new_decoder();
  parser_ = sse::Parser(setup_.max_event_bytes);
}

}  // namespace kimistream
