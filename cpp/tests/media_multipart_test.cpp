// Forms with a file, byte by byte.
#include "media/multipart.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "media/data_uri.hpp"
#include "support/media.hpp"

using namespace kimistream::testing;
namespace media = kimistream::media;

namespace {

std::string boundary_of(const media::Multipart& form) {
  const std::string type = form.content_type();
  REQUIRE(type.starts_with("multipart/form-data; boundary="));
  return type.substr(30);
}

/// The Content-Disposition line of a form's only part.
std::string disposition(std::string_view name, std::string_view file) {
  media::Multipart form;
  form.add_file(name, file, "", raw("x"));
  const std::string text = drain(*form.finish());
  const std::size_t begin = text.find("\r\n") + 2;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("a form is fields and a file between boundaries, of the length that it says") {
  media::Multipart form;
  form.add_field("purpose", "video");
  form.add_file("file", "clip.mp4", "video/mp4", raw("BYTES"));
  const std::string line = "--" + boundary_of(form);
  const auto body = form.finish();
  const std::string expected = line + "\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nvideo\r\n" + line +
                               "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"clip.mp4\"\r\n"
                               "Content-Type: video/mp4\r\n\r\nBYTES\r\n" +
                               line + "--\r\n";
  CHECK(drain(*body) == expected);
  CHECK(body->size() == expected.size());
}

TEST_CASE("parts may come in any order and number") {
  media::Multipart form;
  form.add_file("a", "1", "", raw("one"));
  form.add_file("b", "2", "", raw("two"));
  form.add_field("c", "");
  const std::string line = "--" + boundary_of(form);
  const auto body = form.finish();
  const std::string text = drain(*body);
  CHECK(body->size() == text.size());
  CHECK(text.starts_with(line + "\r\n"));
  CHECK(
      mentions(text, "\r\n\r\none\r\n" + line + "\r\nContent-Disposition: form-data; name=\"b\"; filename=\"2\"\r\n"));
  CHECK(text.ends_with("\r\n\r\ntwo\r\n" + line + "\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n\r\n" + line +
                       "--\r\n"));
}

TEST_CASE("names cannot leave their quotes or their line, and keep their script") {
  CHECK(disposition("file", "a\"b.png") == "Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.png\"");
  CHECK(disposition("file", "a\r\nX-Evil: 1") ==
        "Content-Disposition: form-data; name=\"file\"; filename=\"a%0D%0AX-Evil: 1\"");
  CHECK(disposition("file", "\xe5\x9b\xbe \xf0\x9f\x8c\x99 100%.png") ==
        "Content-Disposition: form-data; name=\"file\"; filename=\"\xe5\x9b\xbe \xf0\x9f\x8c\x99 100%.png\"");
  CHECK(disposition("a\"\n", "b\\") == "Content-Disposition: form-data; name=\"a%22%0A\"; filename=\"b\\\"");
  CHECK(disposition("file", std::string_view("a\0b", 3)) ==
        "Content-Disposition: form-data; name=\"file\"; filename=\"a%00b\"");
}

TEST_CASE("a MIME type stays one header line, and has a default") {
  media::Multipart form;
  form.add_file("a", "1", "text/plain\r\nX-Evil: 1", raw("x"));
  form.add_file("b", "2", "", raw("x"));
  const std::string text = drain(*form.finish());
  CHECK(mentions(text, "Content-Type: text/plainX-Evil: 1\r\n\r\n"));
  CHECK(mentions(text, "Content-Type: application/octet-stream\r\n\r\n"));
}

TEST_CASE("each form has a boundary of its own, as RFC 2046 allows them") {
  const std::string one = boundary_of(media::Multipart()), other = boundary_of(media::Multipart());
  CHECK(one != other);
  CHECK(one.size() == 51);  // at most 70
  CHECK(one.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
}
