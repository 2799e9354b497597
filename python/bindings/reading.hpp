// What reading a caller's objects needs: where a value stands, for messages, and what was met on the way.
#pragma once

#include <string>
#include <vector>

#include "common.hpp"

namespace kimistream::python {

/// Where a value stands among the arguments: "metadata.tags[2]". A chain on the stack that costs nothing until somebody
/// asks what it says.
struct Place {
  const Place* outer = nullptr;
  const char* name = nullptr;  // of an argument, or
  py::handle key{};            // of an object, or
  std::ptrdiff_t index = -1;   // in a list
};

/// "metadata.tags[2]", "" for no place.
std::string path(const Place* place);
/// "metadata.tags[2]: ", for the beginning of a message.
std::string where(const Place* place);

/// What its owner should be told of a request: things that its conversion has changed, or that look like a slip.
struct Met {
  bool halves = false;  // a text held half of a surrogate pair
  std::vector<Notice> notices{};
};

/// `from_str` and `dumps` for what goes into a request.
std::string from_str(py::handle text, const char* what, Met& met);
std::string dumps(py::handle object, const Place* place, Met& met);

/// A number of Python's own: the object itself, or what a scalar of numpy and its like stands for. Null for anything
/// else, arrays among it.
py::object plain_number(py::handle object);

/// Notes a text that is the path of a picture or clip which is there.
void note_path(const std::string& text, std::size_t message, Met& met);

/// A prompt: a text, a list of parts, or a list of messages.
/// @param resent what is kept of those that were sent before; null: nothing is kept
std::vector<Message> to_messages(py::handle prompt, Met& met, Resent* resent);
Message to_message(py::handle object, const Place& place, Met& met);
/// The tools of a request, as they are declared.
std::vector<Tool> to_tools(py::handle tools, Met& met);
/// A message, tool or part as a dict: it is one, or it knows how to become one; else null.
py::object as_dict(py::handle object);

/// Fields of the API whose types are known. @throws TypeError that names the field and what it takes
void check_types(const py::dict& fields);

[[noreturn]] void refuse(std::string message);
std::string type_name(py::handle object);
/// "the function f", "the class C", else the name of its type.
std::string described(py::handle object);

}  // namespace kimistream::python
