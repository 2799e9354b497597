#include "net/body_reader.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "refuse.hpp"

namespace kimistream::net {
namespace {

// A source that is asked for a few bytes does a system call for them: then it is better to hand out what is there.
constexpr std::size_t too_little_room = 1024;

}  // namespace

BodyReader::BodyReader(std::shared_ptr<Body> body) : body_(std::move(body)) {
  if (!body_) return;
  for (const Body::Segment& segment : body_->segments) {
    has_sources_ |= segment.source != nullptr;
    sizes_.push_back(segment.source ? segment.source->size() : segment.text.size());
    size_ += sizes_.back();
  }
}

std::optional<std::string_view> BodyReader::plain() const noexcept {
  if (!body_ || body_->segments.empty()) return std::string_view();
  if (body_->segments.size() > 1 || has_sources_) return std::nullopt;
  return body_->segments.front().text;
}

std::optional<std::size_t> BodyReader::read(char* to, std::size_t capacity) noexcept {
  try {
    const std::size_t size = fill(to, capacity);
    sent_ += size;
    return size;
  } catch (const Exception& exception) {
    error_ = std::make_unique<const Error>(exception.error());
  } catch (const std::exception& exception) {
    error_ = std::make_unique<const Error>(
        invalid_request(std::string("the request's body could not be read: ") + exception.what()));
  }
  return std::nullopt;
}

std::size_t BodyReader::fill(char* to, std::size_t capacity) {
  std::size_t done = 0;
  while (done < capacity && segment_ < sizes_.size()) {
    const std::uint64_t left = sizes_[segment_] - at_;
    if (left == 0) {
      ++segment_;
      at_ = 0;
      continue;
    }
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(capacity - done, left));
    const Body::Segment& segment = body_->segments[segment_];
    std::size_t size = room;
    if (!segment.source) {
      std::memcpy(to + done, segment.text.data() + at_, size);
    } else {
      if (done > 0 && capacity - done < too_little_room) break;
      size = read_source(*segment.source, to + done, room, room == left);
    }
    done += size;
    at_ += size;
  }
  return done;
}

/// @param to_end there is room for all that the source may still give
std::size_t BodyReader::read_source(BodySource& source, char* to, std::size_t room, bool to_end) {
  const std::size_t size = source.read(to, room);
  // The server would wait for the rest for ever.
  if (size == 0) refuse("the request's body ended before its announced length: has a file become shorter?");
  if (size > room) refuse("a source of the request's body gave more bytes than there was room for");
  char more = 0;
  if (to_end && size == room && source.read(&more, 1) != 0)
    refuse("the request's body goes on behind its announced length: has a file become longer?");
  return size;
}

bool BodyReader::rewind() noexcept {
  segment_ = 0;
  at_ = sent_ = 0;
  error_.reset();
  if (!body_) return true;
  try {
    for (const Body::Segment& segment : body_->segments)
      if (segment.source && !segment.source->rewind())
        refuse("the request's body cannot be sent again: one of its sources can be read only once");
    return true;
  } catch (const Exception& exception) {
    error_ = std::make_unique<const Error>(exception.error());
  } catch (const std::exception& exception) {
    error_ = std::make_unique<const Error>(
        invalid_request(std::string("the request's body could not be sent again: ") + exception.what()));
  }
  return false;
}

}  // namespace kimistream::net
