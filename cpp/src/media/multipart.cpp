#include "media/multipart.hpp"

#include <utility>

#include "media/random_text.hpp"

namespace kimistream::media {
namespace {

/// A name between quotes. Percent signs stay as they are, also where they could be read as an escape: that is the rule.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '"')
      text += "%22";
    else if (c == '\r')
      text += "%0D";
    else if (c == '\n')
      text += "%0A";
    else if (c == '\0')
      text += "%00";
    else
      text += c;
  }
  return text;
}

/// A header field must not end early.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return line.empty() ? "application/octet-stream" : line;
}

}  // namespace

// 160 random bits made after whoever wrote the contents: they do not occur there, and files need not be searched.
Multipart::Multipart() : boundary_("kimistream-" + random_text()), body_(std::make_shared<Body>()) {
  body_->segments.emplace_back();
}

std::string& Multipart::begin_part(std::string_view name) {
  if (body_->segments.back().source) body_->segments.push_back({.text = "\r\n"});
  std::string& text = body_->segments.back().text;
  text += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + escaped(name) + '"';
  return text;
}

void Multipart::add_field(std::string_view name, std::string_view value) {
  std::string& text = begin_part(name);
  ((text += "\r\n\r\n") += value) += "\r\n";
}

void Multipart::add_file(std::string_view name, std::string_view file_name, std::string_view mime,
                         std::shared_ptr<BodySource> source) {
  begin_part(name) += "; filename=\"" + escaped(file_name) + "\"\r\nContent-Type: " + one_line(mime) + "\r\n\r\n";
  body_->segments.push_back({.source = std::move(source)});
}

std::string Multipart::content_type() const { return "multipart/form-data; boundary=" + boundary_; }

std::shared_ptr<Body> Multipart::finish() {
  if (body_->segments.back().source) body_->segments.push_back({.text = "\r\n"});
  body_->segments.back().text += "--" + boundary_ + "--\r\n";
  return std::move(body_);
}

}  // namespace kimistream::media
