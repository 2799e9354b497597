#include "wire/details.hpp"

#include "json/tree.hpp"
#include "kimistream/json.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

bool continues(const Tree& last, const Tree& piece) {
  return last.is(Tree::Kind::object) && piece.is(Tree::Kind::object) && !piece.text_of("type").empty() &&
         !piece.text_of("index").empty() && last.text_of("type") == piece.text_of("type") &&
         last.text_of("index") == piece.text_of("index") && !piece.find("data");
}

}  // namespace

std::string join_details(std::string_view pieces) {
  Tree list;
  try {
    list = Tree::parse(pieces);
  } catch (const json::Malformed&) {
    return {};
  }
  Tree joined = Tree::array();
  std::string text, summary;  // of the item that is being joined; put into it once, as texts are long
  const auto settle = [&] {
    if (joined.items().empty() || !joined.items().back().is(Tree::Kind::object)) return;
    for (const auto& [key, value] : {std::pair("text", &text), std::pair("summary", &summary)}) {
      if (!value->empty()) joined.items().back().set(key, Tree::string(*value));
      value->clear();
    }
  };
  for (Tree& piece : list.items()) {
    const bool more = !joined.items().empty() && continues(joined.items().back(), piece);
    if (!more) settle();
    text += piece.text_of("text");
    summary += piece.text_of("summary");
    if (!more) {
      joined.items().push_back(std::move(piece));
      continue;
    }
    for (const auto& [key, value] : piece.fields())
      if (key != "text" && key != "summary" && !value.is(Tree::Kind::null)) joined.items().back().set(key, value);
  }
  settle();
  std::string out;
  joined.write(out);
  return out;
}

}  // namespace kimistream::wire
