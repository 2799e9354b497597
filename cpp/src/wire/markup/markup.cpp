#include "wire/markup/markup.hpp"

#include <algorithm>

namespace kimistream::wire::markup {

std::size_t Grammar::read(std::string_view rest, Ending ending, Sink& sink) {
  const std::size_t size = rest.size();
  while (inside() && !rest.empty()) {
    const std::size_t at = rest.find(prefix);
    const std::size_t solid = std::min(at, rest.size() - (rest.ends_with('<') ? 1 : 0));
    if (solid > 0) add(rest.substr(0, solid), sink);
    rest.remove_prefix(solid);
    if (at == std::string_view::npos || !inside()) break;
    const std::size_t token = quotes() ? foreign : measure(rest, ending, sink);
    if (token == unsure) break;
    if (token == foreign || holds(rest.substr(0, token))) {
      add(prefix, sink);
      rest.remove_prefix(prefix.size());
    } else {
      take(rest.substr(0, token), token == rest.size() ? ending : Ending::open, sink);
      rest.remove_prefix(token);
    }
  }
  return size - rest.size();
}

}  // namespace kimistream::wire::markup
