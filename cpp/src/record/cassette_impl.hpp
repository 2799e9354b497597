// The hidden half of Cassette: which recorded exchange answers what is asked.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "kimistream/cassette.hpp"
#include "kimistream/recording.hpp"
#include "record/cassette_file.hpp"

namespace kimistream {

class Cassette::Impl {
 public:
  Impl(std::string path, CassetteMode mode, CassetteOptions options);

  /// The exchange that answers this request; null where it is to be recorded.
  /// @throws Exception (cassette_miss) where nothing is recorded, (invalid_request) for a body that cannot be read
  std::shared_ptr<const record::Line> answer(const HttpRequest& request);
  void add(const RecordedExchange& exchange) noexcept;

  [[nodiscard]] bool plays() const noexcept { return !recorded_.empty() || !records_; }
  [[nodiscard]] bool records() const noexcept { return records_; }
  [[nodiscard]] bool realtime() const noexcept { return options_.realtime; }
  [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }
  [[nodiscard]] CassetteMode mode() const noexcept { return mode_; }

 private:
  [[noreturn]] void miss(const record::Line& asked) const;
  std::shared_ptr<const record::Line> take(const std::string& key, const record::Line& asked);

  CassetteMode mode_;
  CassetteOptions options_;
  record::CassetteFile file_;
  bool records_ = false;
  std::vector<std::shared_ptr<const record::Line>> recorded_;
  std::mutex mutex_;
  // Places in recorded_, in order; of those that have answered the last one stays known.
  struct Equals {
    std::vector<std::size_t> places;
    std::size_t next = 0;
  };
  std::unordered_map<std::string, Equals> by_key_;
  std::vector<std::size_t> unsent_;  // those that no key finds
  bool anew_ = false;                // the next line replaces what the file holds
};

}  // namespace kimistream
