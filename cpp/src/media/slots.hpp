// Text with places in it where sources are read: how a request's JSON and its media become one body.
//
// Whoever writes the JSON puts what `add` gives wherever the medium's URL belongs, as an ordinary string. When the text
// is finished, `split` cuts it at these strings. Nothing that the caller wrote can be taken for one of them: they hold
// 160 random bits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/transport.hpp"

namespace kimistream::media {

class Slots {
 public:
  [[nodiscard]] bool empty() const noexcept { return sources_.empty(); }

  /// @return a text that stands for the source: plain ASCII, the same in a JSON string
  [[nodiscard]] std::string add(std::shared_ptr<BodySource> source);

  /// The text's segments. A source whose place is not in the text (a later field replaced it) is left out.
  [[nodiscard]] std::vector<Body::Segment> split(std::string text) const;

 private:
  std::string mark_;
  std::vector<std::shared_ptr<BodySource>> sources_;
};

}  // namespace kimistream::media
