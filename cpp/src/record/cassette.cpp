#include "kimistream/cassette.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "record/body.hpp"
#include "record/cassette_impl.hpp"
#include "record/match.hpp"

namespace kimistream {
namespace {

constexpr std::pair<std::string_view, CassetteMode> modes[] = {{"replay", CassetteMode::replay},
                                                               {"record", CassetteMode::record},
                                                               {"once", CassetteMode::once},
                                                               {"append", CassetteMode::append}};
constexpr std::size_t longest_shown = 300;  // of a request's body

/// What is asked, as a recording of it would have it.
record::Line line_of(const HttpRequest& request) {
  return record::line_of(
      {.method = request.method, .url = request.url, .headers = request.headers, .body = record::read_body(request)});
}

std::string shown(const record::Line& line) {
  std::string body = line.body.substr(0, longest_shown);
  if (body.size() < line.body.size()) {
    while (!body.empty() && (static_cast<unsigned char>(body.back()) & 0x80U) != 0) body.pop_back();
    body += "...";
  }
  return line.method + " " + line.path + (body == "null" ? "" : " " + body);
}

}  // namespace

Cassette::Impl::Impl(std::string path, CassetteMode mode, CassetteOptions options)
    : mode_(mode), options_(std::move(options)), file_(std::move(path)) {
  std::vector<std::string> warnings;
  auto lines = file_.read(warnings);  // in every mode: what is no cassette is not written over
  if (options_.on_warning && mode != CassetteMode::record)
    std::for_each(warnings.begin(), warnings.end(), options_.on_warning);
  if (!lines && mode == CassetteMode::replay)
    throw Exception(invalid_request("there is no cassette \"" + file_.path() +
                                    "\" to replay: record one, with the mode \"once\" or \"record\""));
  records_ = mode == CassetteMode::record || mode == CassetteMode::append || (mode == CassetteMode::once && !lines);
  anew_ = mode == CassetteMode::record;
  if (!lines || mode == CassetteMode::record) return;
  recorded_ = *std::move(lines);
  for (std::size_t place = 0; place < recorded_.size(); ++place)
    if (record::has_unsent(*recorded_[place]))
      unsent_.push_back(place);
    else
      by_key_[record::key_of(*recorded_[place])].places.push_back(place);
}

std::shared_ptr<const record::Line> Cassette::Impl::answer(const HttpRequest& request) {
  const record::Line asked = line_of(request);
  const std::string key = record::key_of(asked);
  auto found = take(key, asked);
  if (!found && !records_) miss(asked);
  return found;
}

std::shared_ptr<const record::Line> Cassette::Impl::take(const std::string& key, const record::Line& asked) {
  const std::lock_guard lock(mutex_);
  const auto equals = by_key_.find(key);
  const bool known = equals != by_key_.end();
  const bool fresh = known && equals->second.next < equals->second.places.size();
  const auto unsent = std::find_if(unsent_.begin(), unsent_.end(),
                                   [&](std::size_t place) { return record::is_like(*recorded_[place], asked); });
  if (unsent != unsent_.end() && (!fresh || *unsent < equals->second.places[equals->second.next])) {
    const std::size_t place = *unsent;
    unsent_.erase(unsent);
    return recorded_[place];
  }
  if (fresh) return recorded_[equals->second.places[equals->second.next++]];
  if (known && options_.repeat) return recorded_[equals->second.places.back()];
  return nullptr;
}

void Cassette::Impl::miss(const record::Line& asked) const {
  Error error{.kind = ErrorKind::cassette_miss};
  error.message = "the cassette \"" + path() + "\" has no answer to " + shown(asked);
  if (recorded_.empty()) {
    error.message += ": nothing is recorded in it";
  } else {
    const std::size_t place = record::nearest(recorded_, asked);
    const std::string different = record::differences(*recorded_[place], asked);
    error.message +=
        "\nThe nearest that was recorded is exchange " + std::to_string(place + 1) + ", " + shown(*recorded_[place]);
    error.message += different.empty() ? "\nIt is the same, and has answered already: with repeat the last one of "
                                         "equals answers again"
                                       : "\nWhat differs:" + different;
  }
  error.message += "\nTo add this request use the mode \"append\", to record all anew \"record\"";
  throw Exception(std::move(error));
}

void Cassette::Impl::add(const RecordedExchange& exchange) noexcept {
  try {
    const std::string line = exchange.line();
    std::string lost;
    {
      const std::lock_guard lock(mutex_);
      lost = file_.append(line, anew_);
      anew_ = anew_ && !lost.empty();
    }
    // Without the lock: whoever is told may wait for somebody who wants it.
    if (!lost.empty() && options_.on_warning) options_.on_warning(lost);
  } catch (const std::exception&) {  // the recording is lost, the answer is not
  }
}

Cassette::Cassette(std::string path, CassetteMode mode, CassetteOptions options)
    : impl_(std::make_shared<Impl>(std::move(path), mode, std::move(options))) {}

const std::string& Cassette::path() const noexcept { return impl_->path(); }
CassetteMode Cassette::mode() const noexcept { return impl_->mode(); }
bool Cassette::only_replays() const noexcept { return !impl_->records(); }
bool Cassette::realtime() const noexcept { return impl_->realtime(); }

CassetteMode cassette_mode(std::string_view name) {
  for (const auto& [known, mode] : modes)
    if (known == name) return mode;
  throw Exception(invalid_request("the mode \"" + std::string(name.substr(0, 100)) +
                                  "\" of a cassette is unknown: use \"replay\", \"record\", \"once\" or \"append\""));
}

TransportFactory cassette_transport(std::string path, CassetteMode mode, CassetteOptions options) {
  return Cassette(std::move(path), mode, std::move(options)).transport();
}

TransportFactory cassette_transport(std::string path, std::string_view mode, CassetteOptions options) {
  return cassette_transport(std::move(path), cassette_mode(mode), std::move(options));
}

}  // namespace kimistream
