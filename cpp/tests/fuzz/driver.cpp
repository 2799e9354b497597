// Runs a harness without libFuzzer: over the golden transcripts and the seeds, then over mutations of them. The same
// every time.
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

/// A file in the form of libFuzzer's dictionaries: each line a text in quotes, with \xAB for bytes; "#" begins a
/// remark.
std::vector<std::string> words_of(const std::filesystem::path& path) {
  std::vector<std::string> words;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 2 || line.front() != '"') continue;
    std::string& word = words.emplace_back();
    for (std::size_t i = 1; i + 1 < line.size(); ++i) {
      if (line[i] == '\\' && line[i + 1] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        if (line[i] == '\\') ++i;
        word += line[i];
      }
    }
  }
  return words;
}

std::string mutated(const std::vector<std::string>& seeds, const std::vector<std::string>& words,
                    std::mt19937& random) {
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
  const std::vector<std::string> words = words_of(KIMISTREAM_FUZZ_WORDS);
  std::vector<std::string> seeds = words;
  for (const char* folder : {KIMISTREAM_GOLDEN_DIR, KIMISTREAM_FUZZ_SEEDS})
    if (std::filesystem::is_directory(folder))
      for (const auto& entry : std::filesystem::directory_iterator(folder)) seeds.push_back(read_file(entry.path()));
  std::sort(seeds.begin(), seeds.end());
  run("");
  for (const std::string& seed : seeds) run(seed);
  std::mt19937 random(20'260'101);
  for (unsigned long round = 0; round < rounds; ++round) {
    run(mutated(seeds, words, random));
  }
  std::printf("%zu seeds, %lu mutations\n", seeds.size(), rounds);
}
