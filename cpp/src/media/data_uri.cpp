#include "media/data_uri.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "media/base64.hpp"

namespace kimistream::media {
namespace {

// Of a source at a time: with its characters it stays in the processor's second cache. A multiple of 3.
constexpr std::size_t block_bytes = 48 * 1024;

constexpr std::string_view white = " \t\r\n";

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

}  // namespace

Base64Source::Base64Source(std::unique_ptr<Source> source, std::string_view mime) : source_(std::move(source)) {
  if (!mime.empty()) ((prefix_ = "data:") += mime) += ";base64,";
}

std::uint64_t Base64Source::size() const { return prefix_.size() + base64::encoded_size(source_->size()); }

bool Base64Source::rewind() {
  prefix_at_ = 0;
  at_ = 0;
  group_at_ = group_.size();
  return true;
}

std::size_t Base64Source::read(char* to, std::size_t capacity) {
  std::size_t done = prefix_.copy(to, capacity, prefix_at_);
  prefix_at_ += done;
  for (; done < capacity && group_at_ < group_.size(); ++done) to[done] = group_[group_at_++];
  for (;;) {
    const std::uint64_t left = source_->size() - at_;
    const std::size_t room = (capacity - done) / 4 * 3;
    if (left == 0 || room == 0) break;
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>({left, room, block_bytes}));
    done += encode(to + done, bytes);
  }
  // A few characters are split only for whoever has no room for four: each would cost a read of three bytes.
  if (done == 0 && capacity > 0 && at_ < source_->size()) {
    encode(group_.data(), static_cast<std::size_t>(std::min<std::uint64_t>(3, source_->size() - at_)));
    for (group_at_ = 0; done < capacity; ++done) to[done] = group_[group_at_++];
  }
  return done;
}

std::size_t Base64Source::encode(char* to, std::size_t bytes) {
  const auto characters = static_cast<std::size_t>(base64::encoded_size(bytes));
  const char* from = to + (characters - bytes);
  if (const std::string_view memory = source_->memory(); !memory.empty()) {
    from = memory.data() + at_;
  } else {
    source_->read(at_, to + (characters - bytes), bytes);
  }
  // Before the last characters go out, so that a body of a file's two states is not finished.
  if (at_ + bytes == source_->size()) source_->finish();
  base64::encode(from, bytes, to);
  at_ += bytes;
  return characters;
}

bool RawSource::rewind() {
  at_ = 0;
  return true;
}

std::size_t RawSource::read(char* to, std::size_t capacity) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, source_->size() - at_));
  if (bytes == 0) return 0;
  source_->read(at_, to, bytes);
  if (at_ + bytes == source_->size()) source_->finish();
  at_ += bytes;
  return bytes;
}

std::optional<std::string> mended_data_uri(std::string_view url) {
  constexpr std::size_t max_prefix = 256;
  const std::size_t lead = std::min(url.find_first_not_of(white), url.size());
  const std::string_view head = url.substr(lead, max_prefix);
  if (!equals_ignoring_case(head.substr(0, 5), "data:")) return std::nullopt;
  const std::size_t comma = head.find(',');
  if (comma == std::string_view::npos || comma < 7 || !equals_ignoring_case(head.substr(comma - 7, 7), ";base64"))
    return std::nullopt;
  const std::string_view text = url.substr(lead + comma + 1);
  // find() of one character is memchr: four passes at the speed of memory.
  const bool clean = std::all_of(white.begin(), white.end(), [&](char c) { return text.find(c) == text.npos; });
  if (clean && lead == 0) return std::nullopt;
  std::string mended;
  mended.reserve(url.size());
  mended.append(head.substr(0, comma + 1));
  std::copy_if(text.begin(), text.end(), std::back_inserter(mended),
               [](char c) { return white.find(c) == std::string_view::npos; });
  return mended;
}

}  // namespace kimistream::media
