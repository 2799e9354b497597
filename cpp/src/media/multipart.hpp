// Forms with a file: multipart/form-data (RFC 7578) as browsers write it (WHATWG HTML, "multipart form data").
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kimistream/transport.hpp"

namespace kimistream::media {

class Multipart {
 public:
  Multipart();

  void add_field(std::string_view name, std::string_view value);
  /// @param file_name UTF-8, without directories
  /// @param mime "" for application/octet-stream
  void add_file(std::string_view name, std::string_view file_name, std::string_view mime,
                std::shared_ptr<BodySource> source);

  /// The value of the Content-Type header.
  [[nodiscard]] std::string content_type() const;
  /// The body, whose length is known. Nothing may be added afterwards.
  [[nodiscard]] std::shared_ptr<Body> finish();

 private:
  std::string& begin_part(std::string_view name);

  std::string boundary_;
  std::shared_ptr<Body> body_;
};

}  // namespace kimistream::media
