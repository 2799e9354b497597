// JSON and tool arguments: any text, and the same for any slicing where slices come.
#include "fuzz.hpp"
#include "json/text.hpp"
#include "json/tree.hpp"
#include "kimistream/json.hpp"
#include "support/play.hpp"
#include "wire/arguments.hpp"

namespace ks = kimistream;
namespace wire = kimistream::wire;
using namespace kimistream::testing;
using ks::json::Tree;

namespace {

std::optional<std::string> rewritten(std::string_view text) {
  try {
    std::string out;
    Tree::parse(text).write(out);
    return out;
  } catch (const ks::json::Malformed&) {
    return std::nullopt;
  }
}

void check_json(std::string_view text) {
  if (const auto once = rewritten(text)) {
    promise(is_utf8(*once), "what is written is UTF-8");
    promise(rewritten(*once) == once, "what is written reads back the same");
  }
  ks::json::ObjectScan scan;
  for (const std::string& piece : pieces_of(text, 3)) scan.feed(piece);
  promise(scan.whole() == ks::json::is_whole_object(text), "a scan does not mind slicing");
  std::string escaped;
  ks::json::append_string(escaped, text);
  promise(is_utf8(escaped), "what is escaped is UTF-8");
  promise(rewritten(escaped).has_value(), "what is escaped is JSON");
}

void check_arguments(std::string_view text) {
  std::string cleaned(text);
  const auto state = wire::clean_arguments(cleaned);
  if (state == wire::Arguments::invalid) {
    promise(cleaned == text, "what cannot be mended is left as it came");
    return;
  }
  promise(ks::json::is_whole_object(cleaned) && rewritten(cleaned), "cleaned arguments are an object");
  std::string again = cleaned;
  promise(wire::clean_arguments(again) == wire::Arguments::clean && again == cleaned, "cleaning is done once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  check_json(text);
  check_arguments(text);
  return 0;
}
