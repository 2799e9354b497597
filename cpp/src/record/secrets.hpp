// What nobody may read in a recording: the keys and cookies of its request, wherever they stand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kimistream/headers.hpp"

namespace kimistream::record {

/// Bytes that came at once, and how many seconds after the request had begun.
struct Piece {
  double seconds = 0;
  std::string bytes{};
};

/// Knows the secrets of one request in all the ways to write them: as they are, in JSON (also in JSON within JSON), in
/// an address, whichever characters are escaped there, and in base64 at each of its three alignments.
class Secrets {
 public:
  explicit Secrets(const Headers& sent);

  /// Takes them out. In base64 what stands for them is overwritten, so that the rest can still be read.
  void hide(std::string& text) const;
  /// The same where one may begin in one piece and end in another, and be said in fragments by several frames of a
  /// stream: what takes its place is where it begins.
  void hide(std::vector<Piece>& pieces) const;
  /// Without the headers that carry a secret by their nature.
  [[nodiscard]] Headers hide(const Headers& headers) const;

 private:
  struct Form {
    std::string text;
    bool base64 = false;
  };
  struct Place {
    std::size_t at = 0, size = 0;
    bool base64 = false;
    bool begins = true;  // false: where one goes on that began elsewhere
  };
  void add(const std::string& secret);
  void add_form(std::string text, bool base64);
  static std::vector<Place> merged(std::vector<Place> found);
  [[nodiscard]] std::vector<Place> find_in(std::string_view text, int depth = 0) const;
  void find_spoken(std::string_view text, std::vector<Place>& found) const;

  std::vector<Form> forms_;
};

}  // namespace kimistream::record
