// A path that was meant as a picture and would be sent as a text. Asks the disk, which the rules of the core never do.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "reading.hpp"

namespace kimistream::python {
namespace {

constexpr std::size_t longest_path = 1024;  // of what is taken for a path

/// "Image" or "Video" for the ending of a file's name, "" for any other text.
std::string_view class_for(std::string_view text) {
  constexpr std::array<std::string_view, 8> pictures = {"png", "jpg", "jpeg", "webp", "gif", "bmp", "heic", "heif"};
  constexpr std::array<std::string_view, 9> clips = {"mp4", "mov", "avi", "mkv", "webm", "mpeg", "mpg", "flv", "wmv"};
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || text.size() - dot > 5) return {};
  std::string ending(text.substr(dot + 1));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (std::find(pictures.begin(), pictures.end(), ending) != pictures.end()) return "Image";
  return std::find(clips.begin(), clips.end(), ending) != clips.end() ? "Video" : "";
}

}  // namespace

void note_path(const std::string& text, std::size_t message, Met& met) {
  if (text.size() > longest_path || text.size() < 5) return;
  const std::string_view medium = class_for(text);
  if (medium.empty() || text.find('\n') != std::string::npos) return;
  std::error_code error;
  if (!std::filesystem::is_regular_file(text, error)) return;
  met.notices.push_back(
      {"path_as_text", "message " + std::to_string(message) + ": \"" + text +
                           "\" is sent as a text, and there is a file of that name. To show it, send " +
                           std::string(medium) + "(\"" + text + "\")"});
}

}  // namespace kimistream::python
