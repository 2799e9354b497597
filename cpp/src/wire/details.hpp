// The opaque form in which some providers give the reasoning: a list whose items come in pieces.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::wire {

/// Joins the pieces of a JSON array of such items: texts of neighbours of one kind and index become one, whatever else
/// a later piece knows (signature, id) is taken over. What is not an item of that kind stays as it is.
std::string join_details(std::string_view pieces);

}  // namespace kimistream::wire
