#include "outgoing.hpp"

#include <algorithm>
#include <utility>

namespace kimistream {

/// Outlives the call where a transport still holds the body.
class Outgoing::Watch final : public BodySource {
 public:
  Watch(std::shared_ptr<BodySource> source, std::shared_ptr<Outgoing> told)
      : source_(std::move(source)), told_(std::move(told)) {}

  [[nodiscard]] std::uint64_t size() const override { return source_->size(); }
  bool rewind() override { return source_->rewind(); }
  std::size_t read(char* to, std::size_t capacity) override {
    const std::size_t size = source_->read(to, capacity);
    told_->at_ = rough_now();
    told_->begun_ = told_->begun_ || size > 0;
    return size;
  }

 private:
  std::shared_ptr<BodySource> source_;
  std::shared_ptr<Outgoing> told_;
};

std::shared_ptr<Outgoing> Outgoing::watch(std::shared_ptr<Body>& body) {
  const auto has_source = [](const Body::Segment& segment) { return segment.source != nullptr; };
  if (!body || std::none_of(body->segments.begin(), body->segments.end(), has_source)) return nullptr;
  if (body.use_count() > 1) body = std::make_shared<Body>(*body);
  auto outgoing = std::make_shared<Outgoing>();
  for (auto& segment : body->segments)
    if (segment.source) segment.source = std::make_shared<Watch>(std::move(segment.source), outgoing);
  return outgoing;
}

}  // namespace kimistream
