#include "fault_server/script.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <locale>
#include <sstream>
#include <stdexcept>

#include "fault_server/encoding.hpp"

namespace kimistream::testing {
namespace {

using Kind = Step::Kind;

/// Which arguments a step has in the text, in this order: count, milliseconds, bytes.
struct Verb {
  std::string_view name;
  Kind kind;
  bool count, milliseconds, bytes;
};

constexpr std::array<Verb, 13> verbs = {{
    {"send", Kind::send, false, false, true},
    {"drip", Kind::send, false, true, true},
    {"split", Kind::send, true, true, true},
    {"repeat", Kind::repeat, true, false, true},
    {"sleep", Kind::sleep, false, true, false},
    {"gate", Kind::gate, false, false, false},
    {"stall", Kind::stall, false, false, false},
    {"wait-close", Kind::wait_close, false, false, false},
    {"half-close", Kind::half_close, false, false, false},
    {"close", Kind::close, false, false, false},
    {"reset", Kind::reset, false, false, false},
    {"keep", Kind::keep, false, false, false},
    {"read-nothing", Kind::read_nothing, false, false, false},
}};

constexpr std::string_view end_of_body = "0\r\n\r\n";

const Verb& verb_of(const Step& step) {
  if (step.kind == Kind::send && step.count > 0) return verbs[2];  // drip is a split of one byte
  return *std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.kind == step.kind; });
}

std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
  const auto word = rest.substr(0, rest.find_first_of(" \t\r"));
  rest.remove_prefix(word.size());
  return word;
}

/// Not by from_chars, which libc++ has for double from 20 on only.
bool read_number(std::string_view word, double& number) {
  std::istringstream in{std::string(word)};
  in.imbue(std::locale::classic());
  return in >> number && in.peek() == std::istringstream::traits_type::eof() && number >= 0;
}

bool read_number(std::string_view word, std::size_t& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

/// False when the arguments do not fit the verb.
bool read_step(const Verb& verb, std::string_view rest, Step& step) {
  step.kind = verb.kind;
  if (verb.count && !read_number(next_word(rest), step.count)) return false;
  if (verb.milliseconds && !read_number(next_word(rest), step.milliseconds)) return false;
  if (verb.bytes) {
    auto bytes = from_base64(next_word(rest));
    if (!bytes) return false;
    step.bytes = std::move(*bytes);
  }
  if (verb.name == "drip") step.count = 1;
  return next_word(rest).empty();
}

std::string_view reason(int status) {
  if (status == 200) return "OK";
  if (status < 300) return "Success";
  if (status < 400) return "Redirect";
  return status < 500 ? "Refused" : "Failed";
}

std::string joined(const std::vector<std::string>& frames) {
  std::string all;
  for (const auto& frame : frames) all += frame;
  return all;
}

}  // namespace

Script& Script::add(Step step) {
  attempts_.back().push_back(std::move(step));
  return *this;
}

Script& Script::send(std::string_view bytes) { return add({Kind::send, std::string(bytes)}); }
Script& Script::drip(double ms, std::string_view bytes) { return split(1, ms, bytes); }
Script& Script::split(std::size_t size, double ms, std::string_view bytes) {
  return add({Kind::send, std::string(bytes), size, ms});
}
Script& Script::repeat(std::size_t times, std::string_view bytes) {
  return add({Kind::repeat, std::string(bytes), times});
}
Script& Script::sleep(double ms) { return add({Kind::sleep, {}, 0, ms}); }
Script& Script::gate() { return add({Kind::gate}); }
Script& Script::stall() { return add({Kind::stall}); }
Script& Script::wait_close() { return add({Kind::wait_close}); }
Script& Script::half_close() { return add({Kind::half_close}); }
Script& Script::close() { return add({Kind::close}); }
Script& Script::reset() { return add({Kind::reset}); }
Script& Script::keep() { return add({Kind::keep}); }
Script& Script::read_nothing() { return add({Kind::read_nothing}); }

Script& Script::attempt() {
  attempts_.emplace_back();
  return *this;
}

Script& Script::head(int status, const Headers& headers, bool chunked) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason(status)) + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  return send(head += "\r\n");
}

std::string Script::as_chunk(std::string_view bytes) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

Script& Script::chunk(std::string_view bytes) { return send(as_chunk(bytes)); }

Script& Script::repeat_chunk(std::size_t times, std::string_view bytes) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", times * bytes.size());
  return send(size).repeat(times, bytes).send("\r\n");
}

Script& Script::last_chunk() { return send(end_of_body); }

Script& Script::respond(int status, std::string_view content_type, std::string_view body, const Headers& headers) {
  Headers all = headers;
  if (!content_type.empty()) all.emplace_back("Content-Type", content_type);
  all.emplace_back("Content-Length", std::to_string(body.size()));
  return head(status, all).send(body).keep();
}

Script& Script::json(int status, std::string_view body, const Headers& headers) {
  return respond(status, "application/json", body, headers);
}

Script& Script::event_stream(const std::vector<std::string>& frames, double late_ms) {
  head(200, {{"Content-Type", "text/event-stream"}}, true);
  for (const auto& frame : frames) chunk(frame);
  if (late_ms > 0)
    sleep(late_ms).last_chunk();
  else
    attempts_.back().back().bytes += end_of_body;
  return keep();
}

Script& Script::gzip_event_stream(const std::vector<std::string>& frames, std::size_t chunk_size) {
  head(200, {{"Content-Type", "text/event-stream"}, {"Content-Encoding", "gzip"}}, true);
  const std::string body = gzip_stored(joined(frames));
  for (std::size_t at = 0; at < body.size(); at += chunk_size) chunk(std::string_view(body).substr(at, chunk_size));
  return last_chunk().keep();
}

const Script::Attempt& Script::attempt_at(std::size_t n) const noexcept {
  return attempts_[std::min(n, attempts_.size() - 1)];
}

std::string Script::text() const {
  std::string text;
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    if (i > 0) text += "---\n";
    for (const Step& step : attempts_[i]) {
      const Verb& verb = verb_of(step);
      text += verb.name;
      if (verb.count) text += " " + std::to_string(step.count);
      if (verb.milliseconds) text += " " + std::to_string(step.milliseconds);
      if (verb.bytes) text += " " + base64(step.bytes);
      text += "\n";
    }
  }
  return text;
}

Script Script::parse(std::string_view text) {
  Script script;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto name = next_word(line);
    if (name.empty() || name.front() == '#') continue;
    if (name == "---") {
      script.attempt();
      continue;
    }
    const auto* verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& each) { return each.name == name; });
    Step step;
    if (verb == verbs.end() || !read_step(*verb, line, step))
      throw std::invalid_argument("fault script, line " + std::to_string(number) +
                                  ": not understood: " + std::string(name));
    script.add(std::move(step));
  }
  return script;
}

}  // namespace kimistream::testing
