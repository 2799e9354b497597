// The content of a message as blocks of the messages protocol.
#pragma once

#include <string_view>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/message.hpp"
#include "media/slots.hpp"

namespace kimistream::wire {

json::Tree text_block(std::string_view text);

/// Makes blocks, and keeps the media that they stand for until the body is made.
class Blocks {
 public:
  /// Appends the blocks of a message's content; blank text makes none, the protocol refuses it.
  /// Pictures and videos become blocks with a source, parts that have no form here go as they are, with a notice.
  void add_content(const Message& message, std::size_t position, std::vector<json::Tree>& blocks,
                   std::vector<Notice>& notices);

  [[nodiscard]] const media::Slots& slots() const noexcept { return slots_; }

 private:
  json::Tree of_part(const Part& part, std::size_t position, std::vector<Notice>& notices);
  json::Tree of_media(std::string_view type, const Media& media);

  media::Slots slots_;
};

}  // namespace kimistream::wire
