// Runs a harness without libFuzzer: over the golden transcripts, then over mutations of them. The same every time.
//
//   fuzz_sse [rounds] [file]...    with files: only those, e.g. an input that libFuzzer has found
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.hpp"

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::uint8_t> current;  // input

/// Keeps the input that ended the program, as libFuzzer would.
void on_crash(int signal) {
  if (std::FILE* file = std::fopen("crash-input", "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fputs("the input is in crash-input\n", stderr);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const std::string& input) {
  // A copy of exactly this size: reading beyond it is seen by the address sanitizer.
  current = std::vector<std::uint8_t>(input.begin(), input.end());
  LLVMFuzzerTestOneInput(current.data(), current.size());
}

const std::vector<std::string> words = {"data:",
                                        "data: ",
                                        "\n\n",
                                        "\r\n",
                                        "\r",
                                        "\n",
                                        ": ping\n\n",
                                        "event: error\n",
                                        "id: 1\n",
                                        "retry: 5\n",
                                        "[DONE]",
                                        "\xEF\xBB\xBF",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"",
                                        "\\",
                                        ",",
                                        ":",
                                        "null",
                                        "true",
                                        "1e400",
                                        "-1",
                                        "NaN",
                                        "\\u0000",
                                        "\\ud83d",
                                        "\\ude00",
                                        "\\x",
                                        "\xFF",
                                        "\xED\xA0\xBD",
                                        "\"content\":",
                                        "\"reasoning\":",
                                        "\"reasoning_content\":null,",
                                        "\"tool_calls\":[",
                                        "\"index\":",
                                        "\"id\":\"c\",",
                                        "\"arguments\":\"",
                                        "\"finish_reason\":\"stop\"",
                                        "\"choices\":[",
                                        "\"usage\":{\"prompt_tokens\":1}",
                                        "\"error\":{\"code\":429}",
                                        "c\\u006fntent",
                                        "<|tool_calls_section_begin|>",
                                        "<|tool_calls_section_end|>",
                                        "<|tool_call_begin|>",
                                        "functions.f:0",
                                        "<|tool_call_argument_begin|>",
                                        "<|tool_call_end|>",
                                        "<|tool",
                                        "<|open|>tools<|sep|>",
                                        "<|open|>call tool=\"f\" index=\"1\"<|sep|>",
                                        "<|open|>argument key=\"a\" type=\"string\"<|sep|>",
                                        "<|open|>argument key=\"a\" type=\"array\"<|sep|>",
                                        "<|open|>json type=\"object\"<|sep|>",
                                        "<|close|>argument<|sep|>",
                                        "<|close|>json<|sep|>",
                                        "<|close|>call<|sep|>",
                                        "<|close|>tools<|sep|>",
                                        "<|open|>think<|sep|>",
                                        "<|close|>think<|sep|>",
                                        "<|open|>response<|sep|>",
                                        "<|close|>response<|sep|>",
                                        "<|close|>message<|sep|>",
                                        "<|end_of_msg|>",
                                        "<|open|>",
                                        "<|sep|>",
                                        "```json\n",
                                        "{\"a\":1}"};

std::string mutated(const std::vector<std::string>& seeds, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  // Two draws in one call would come in another order with another compiler.
  const auto piece = [&](const std::string& whole, std::size_t longest) {
    const std::size_t begin = below(whole.size() + 1);
    return whole.substr(begin, below(longest));
  };
  std::string text = seeds[below(seeds.size())];
  if (text.size() > 400 && below(3) > 0) {  // a part of it: short inputs go deeper
    const std::size_t begin = below(text.size());
    text = text.substr(begin, 1 + below(400));
  }
  for (std::size_t left = 1 + below(6); left > 0; --left) {
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 1: text.erase(at, 1 + below(20)); break;
      case 2: text.insert(at, words[below(words.size())]); break;
      case 3: text.insert(at, piece(text, 60)); break;
      case 4: text.resize(at); break;
      default: {
        const std::string& other = seeds[below(seeds.size())];
        text.insert(at, piece(other, 200));
      }
    }
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGABRT, on_crash);
  const unsigned long rounds = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 20'000;
  for (int i = 2; i < count; ++i) run(read_file(arguments[i]));
  if (count > 2) return 0;
  std::vector<std::string> seeds = words;
  for (const auto& entry : std::filesystem::directory_iterator(KIMISTREAM_GOLDEN_DIR))
    seeds.push_back(read_file(entry.path()));
  std::sort(seeds.begin(), seeds.end());
  run("");
  for (const std::string& seed : seeds) run(seed);
  std::mt19937 random(20'260'101);
  for (unsigned long round = 0; round < rounds; ++round) {
    run(mutated(seeds, random));
  }
  std::printf("%zu seeds, %lu mutations\n", seeds.size(), rounds);
}
