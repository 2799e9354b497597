// The names that requests are made of, in both protocols and in the dialects of servers and gateways. What is not
// among them may still be right: these lists only tell a slip of the pen from an extension.
#pragma once

#include <span>
#include <string_view>

namespace kimistream::rules {

/// A word that people try, and the name that stands for what they want.
struct Misnomer {
  std::string_view word;
  std::string_view meant;
};

struct Vocabulary {
  std::string_view kind;  // "field of the API", for messages
  std::span<const std::string_view> names;
  std::span<const Misnomer> misnomers;
};

[[nodiscard]] const Vocabulary& field_vocabulary() noexcept;    // of a request
[[nodiscard]] const Vocabulary& message_vocabulary() noexcept;  // of one of its messages
[[nodiscard]] const Vocabulary& part_vocabulary() noexcept;     // of a part of a message's content
[[nodiscard]] const Vocabulary& tool_vocabulary() noexcept;     // of a tool and of its function

/// The name that is probably meant by this one; "" for one that is known, and for one that is near to none.
[[nodiscard]] std::string_view meant_by(std::string_view name, const Vocabulary& vocabulary);

}  // namespace kimistream::rules
