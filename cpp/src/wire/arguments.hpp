// The arguments of a finished tool call: JSON text of one object, or mended until it is.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::wire {

enum class Arguments {
  clean,    // as they came, white space around them aside
  absent,   // nothing came: "{}"
  mended,   // something around the object was taken away (a fence, garbage behind it, what it was before it grew)
  invalid,  // no whole object in there: left as they came
};

/// Makes `text` the JSON text of one object, if there is one in it.
Arguments clean_arguments(std::string& text);

/// True for the JSON text of one object, white space around it aside.
[[nodiscard]] bool is_whole_arguments(std::string_view text);

/// True for one whole JSON value, NaN and its like not counted.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace kimistream::wire
