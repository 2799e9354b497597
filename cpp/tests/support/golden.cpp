#include "support/golden.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "json/tree.hpp"
#include "kimistream/provider.hpp"

namespace kimistream::testing {
namespace {

using json::Tree;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<std::int64_t> count(const Tree& usage, const char* key) {
  if (const auto number = usage.number_of(key)) return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

bool text_field(const Tree& expected, const char* key, std::optional<std::string>& out) {
  const Tree* field = expected.find(key);
  if (!field) return false;
  if (field->is(Tree::Kind::string)) out = field->text();
  return true;
}

Golden::Calls calls_in(const Tree& calls) {
  Golden::Calls all;
  for (const Tree& call : calls.items()) {
    std::string arguments;
    if (const Tree* value = call.find("arguments")) value->write(arguments);
    all.emplace_back(call.text_of("name"), arguments);
  }
  return all;
}

Golden read(const std::filesystem::path& path) {
  const Tree expected = Tree::parse(read_file(path));
  Golden golden;
  golden.name = path.filename().string();
  golden.name.resize(golden.name.size() - std::string_view(".expected.json").size());
  const auto beside = [&](const char* ending) { return path.parent_path() / (golden.name + ending); };
  golden.is_stream = std::filesystem::exists(beside(".sse"));
  golden.wire = read_file(beside(golden.is_stream ? ".sse" : ".json"));
  golden.provider = expected.text_of("provider");
  golden.status = static_cast<int>(expected.number_of("status").value_or(200));
  golden.error_expected = expected.find("error") != nullptr || golden.status >= 400;
  if (golden.status >= 400) golden.error_status = golden.status;
  if (const Tree* error = expected.find("error")) {
    golden.error_incomplete = error->text() == "incomplete_stream";
    if (const auto status = error->number_of("status")) golden.error_status = static_cast<int>(*status);
  }
  if (const Tree* flag = expected.find("retryable")) golden.retryable = flag->text() == "true";
  golden.retry_after = expected.number_of("retry_after_seconds");
  golden.checks_reasoning = text_field(expected, "reasoning", golden.reasoning);
  golden.checks_content = text_field(expected, "content", golden.content);
  text_field(expected, "finish_reason", golden.finish_reason);
  if (const Tree* calls = expected.find("tool_calls")) {
    golden.checks_tool_calls = true;
    golden.tool_calls = calls_in(*calls);
  }
  if (const Tree* calls = expected.find("usable")) golden.usable = calls_in(*calls);
  golden.offers = !golden.tool_calls.empty() || golden.name.find("tool") != std::string::npos;
  if (const Tree* usage = expected.find("usage")) {
    golden.prompt_tokens = count(*usage, "prompt_tokens");
    golden.completion_tokens = count(*usage, "completion_tokens");
    golden.total_tokens = count(*usage, "total_tokens");
  }
  golden.warning = expected.find("warning") != nullptr;
  return golden;
}

}  // namespace

Tool weather() {
  return {.name = "get_weather",
          .description = "The weather in a city",
          .parameters = {R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})"}};
}

std::vector<Golden> load_golden() {
  std::vector<Golden> all;
  for (const auto& entry : std::filesystem::directory_iterator(KIMISTREAM_GOLDEN_DIR)) {
    if (!entry.path().filename().string().ends_with(".expected.json")) continue;
    Golden golden = read(entry.path());
    if (find_provider(golden.provider)) all.push_back(std::move(golden));
  }
  std::sort(all.begin(), all.end(), [](const Golden& a, const Golden& b) { return a.name < b.name; });
  return all;
}

std::string canonical_json(std::string_view text) {
  std::string out;
  Tree::parse(text).write(out);
  return out;
}

}  // namespace kimistream::testing
