#include "record/match.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "json/text.hpp"
#include "json/tree.hpp"
#include "record/body.hpp"

namespace kimistream::record {
namespace {

using json::Tree;

constexpr std::size_t most_shown = 8;       // differences
constexpr std::size_t most_compared = 200;  // of requests, and of differences of two, as the nearest is looked for
constexpr std::size_t longest_shown = 100;  // of a value
constexpr std::size_t shown_before = 30;    // of two texts, before the place where they part

/// 1.0 is 1, and 1e2 is 100.
std::string number_key(const Tree& number) {
  constexpr double exact = 9007199254740992.0;  // integers below it have one double each
  const auto value = number.as_number();
  if (value && std::trunc(*value) == *value && std::abs(*value) < exact)
    return std::to_string(static_cast<std::int64_t>(*value));
  return number.text();
}

void append_key(std::string& out, const Tree& tree) {
  switch (tree.kind()) {
    case Tree::Kind::number: out += number_key(tree); break;
    case Tree::Kind::array:
      out += '[';
      for (const Tree& item : tree.items()) {
        append_key(out, item);
        out += ',';
      }
      out += ']';
      break;
    case Tree::Kind::object: {
      std::vector<const Tree::Field*> fields;
      for (const auto& field : tree.fields()) fields.push_back(&field);
      std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
      out += '{';
      for (const auto* field : fields) {
        json::append_string(out, field->first);
        out += ':';
        append_key(out, field->second);
        out += ',';
      }
      out += '}';
      break;
    }
    default: tree.write(out);
  }
}

Tree body_of(const Line& line) { return Tree::parse(line.body); }

/// The recorded text may hold a mark for what nobody knows.
bool is_like_text(std::string_view recorded, std::string_view asked) {
  const std::size_t mark = recorded.find(unsent_mark);
  if (mark == std::string_view::npos) return recorded == asked;
  const std::size_t end = std::min(recorded.find(']', mark), recorded.size() - 1) + 1;
  const std::string_view before = recorded.substr(0, mark), behind = recorded.substr(end);
  return asked.size() >= before.size() + behind.size() && asked.starts_with(before) && asked.ends_with(behind);
}

bool is_like_tree(const Tree& recorded, const Tree& asked) {
  if (recorded.kind() != asked.kind()) return false;
  switch (recorded.kind()) {
    case Tree::Kind::string: return is_like_text(recorded.text(), asked.text());
    case Tree::Kind::number: return number_key(recorded) == number_key(asked);
    case Tree::Kind::array:
      return std::equal(recorded.items().begin(), recorded.items().end(), asked.items().begin(), asked.items().end(),
                        is_like_tree);
    case Tree::Kind::object:
      return recorded.fields().size() == asked.fields().size() &&
             std::all_of(recorded.fields().begin(), recorded.fields().end(), [&](const Tree::Field& field) {
               const Tree* other = asked.find(field.first);
               return other && is_like_tree(field.second, *other);
             });
    default: return recorded.text() == asked.text();
  }
}

/// Collects places that differ, up to a number of them.
class Differences {
 public:
  explicit Differences(std::size_t most) : most_(most) {}

  void compare(const std::string& place, const Tree& recorded, const Tree& asked) {
    if (found_.size() >= most_) return;
    if (recorded.kind() == asked.kind() && recorded.is(Tree::Kind::object))
      return compare_fields(place, recorded, asked);
    if (recorded.kind() == asked.kind() && recorded.is(Tree::Kind::array)) return compare_items(place, recorded, asked);
    if (!is_like_tree(recorded, asked)) add(place, &recorded, &asked);
  }

  void compare_text(const std::string& place, const std::string& recorded, const std::string& asked) {
    compare(place, Tree::string(recorded), Tree::string(asked));
  }

  [[nodiscard]] std::size_t count() const noexcept { return found_.size(); }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string& line : found_) all += "\n  " + line;
    if (found_.size() >= most_) all += "\n  and perhaps more";
    return all;
  }

 private:
  void compare_fields(const std::string& place, const Tree& recorded, const Tree& asked) {
    for (const auto& [key, value] : recorded.fields()) {
      const Tree* other = asked.find(key);
      if (other)
        compare(place + "/" + key, value, *other);
      else
        add(place + "/" + key, &value, nullptr);
    }
    for (const auto& [key, value] : asked.fields())
      if (!recorded.find(key)) add(place + "/" + key, nullptr, &value);
  }

  void compare_items(const std::string& place, const Tree& recorded, const Tree& asked) {
    const auto &before = recorded.items(), &now = asked.items();
    for (std::size_t i = 0; i < std::max(before.size(), now.size()); ++i) {
      const std::string inner = place + "/" + std::to_string(i);
      if (i < before.size() && i < now.size())
        compare(inner, before[i], now[i]);
      else
        add(inner, i < before.size() ? &before[i] : nullptr, i < now.size() ? &now[i] : nullptr);
    }
  }

  void add(const std::string& place, const Tree* recorded, const Tree* asked) {
    if (found_.size() >= most_) return;
    std::string before = recorded ? shown(*recorded) : "nothing", now = asked ? shown(*asked) : "nothing";
    const auto [parted, ignored] = std::mismatch(before.begin(), before.end(), now.begin(), now.end());
    const auto same = static_cast<std::size_t>(parted - before.begin());
    found_.push_back(place + ": recorded " + excerpt(before, same) + ", asked " + excerpt(now, same));
  }

  static std::string shown(const Tree& tree) {
    std::string text;
    tree.write(text);
    return text;
  }

  /// What stands round the place where two texts part.
  static std::string excerpt(const std::string& text, std::size_t same) {
    if (text.size() <= longest_shown) return text;
    const auto inside = [&](std::size_t at) {  // no character is cut
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
      return at;
    };
    const std::size_t begin = inside(same > shown_before ? same - shown_before : 0);
    const std::size_t end = inside(std::min(begin + longest_shown, text.size()));
    return (begin > 0 ? "..." : "") + text.substr(begin, end - begin) + (end < text.size() ? "..." : "");
  }

  std::size_t most_;
  std::vector<std::string> found_;
};

Differences compared(const Line& recorded, const Line& asked, std::size_t most) {
  Differences found(most);
  found.compare_text("method", recorded.method, asked.method);
  found.compare_text("path", recorded.path, asked.path);
  found.compare("body", body_of(recorded), body_of(asked));
  return found;
}

}  // namespace

std::string key_of(const Line& line) {
  std::string key = line.method + " " + line.path + "\n";
  append_key(key, body_of(line));
  return key;
}

bool has_unsent(const Line& recorded) { return recorded.body.find(unsent_mark) != std::string::npos; }

bool is_like(const Line& recorded, const Line& asked) {
  return recorded.method == asked.method && recorded.path == asked.path &&
         is_like_tree(body_of(recorded), body_of(asked));
}

std::string differences(const Line& recorded, const Line& asked) {
  return compared(recorded, asked, most_shown).text();
}

std::size_t nearest(const std::vector<std::shared_ptr<const Line>>& recorded, const Line& asked) {
  std::vector<std::size_t> places(recorded.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto is_elsewhere = [&](std::size_t place) {
    return recorded[place]->method != asked.method || recorded[place]->path != asked.path;
  };
  if (!std::all_of(places.begin(), places.end(), is_elsewhere)) std::erase_if(places, is_elsewhere);
  // Looking closely at all of a large cassette would take long: the size tells which may be near.
  const auto apart = [&](std::size_t place) {
    const auto size = recorded[place]->body.size();
    return std::max(size, asked.body.size()) - std::min(size, asked.body.size());
  };
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) { return apart(a) < apart(b); });
  places.resize(std::min(places.size(), most_compared));
  std::size_t best = places.front(), least = std::string::npos;
  for (const std::size_t place : places) {
    const std::size_t differing = compared(*recorded[place], asked, most_compared).count();
    if (differing < least || (differing == least && place < best)) std::tie(best, least) = std::pair(place, differing);
  }
  return best;
}

}  // namespace kimistream::record
