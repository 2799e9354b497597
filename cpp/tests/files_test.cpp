// Files at the provider: what is uploaded, what is asked, and how often.
#include "kimistream/files.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;

namespace {

std::string all_of(const ks::Body& body) {
  std::string text;
  for (const auto& segment : body.segments) {
    if (!segment.source) {
      text += segment.text;
      continue;
    }
    std::string block(7, '\0');
    while (const std::size_t size = segment.source->read(block.data(), block.size())) text.append(block, 0, size);
  }
  return text;
}

std::string upload_text(const ks::FileContent& content, ks::UploadOptions options = {}) {
  const auto request = ks::upload_request(*ks::find_provider("moonshot"), content, "batch", std::move(options));
  const std::string text = all_of(*request.body);
  CHECK(text.size() == request.body->size());
  return text;
}

std::string refusal(auto&& ask) {
  try {
    ask();
  } catch (const ks::Exception& exception) {
    CHECK(exception.error().kind == ks::ErrorKind::invalid_request);
    return exception.error().message;
  }
  return "";
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

constexpr const char* stored =
    R"({"id":"file_1","object":"file","bytes":4,"created_at":1779980001,"filename":"a.txt","purpose":"batch",)"
    R"("status":"ready","status_details":""})";

}  // namespace

TEST_CASE("an upload is a form with the purpose and the file") {
  const auto content = ks::FileContent::from_bytes("data");
  CHECK(content.size() == 4);
  const auto request = ks::upload_request(*ks::find_provider("moonshot"), content, "file-extract",
                                          {.filename = "a \"b\".txt", .content_type = "text/plain"});
  CHECK(request.path == "/files");
  CHECK(request.method == "POST");
  CHECK(request.content_type.starts_with("multipart/form-data; boundary="));
  CHECK(request.creates);
  const std::string text = all_of(*request.body);
  CHECK(has(text, "name=\"purpose\"\r\n\r\nfile-extract\r\n"));
  CHECK(has(text, "name=\"file\"; filename=\"a %22b%22.txt\"\r\nContent-Type: text/plain\r\n\r\ndata\r\n--"));
}

TEST_CASE("name and type are told by the bytes where nobody says them") {
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  CHECK(has(upload_text(ks::FileContent::from_bytes(png)), "filename=\"upload.png\"\r\nContent-Type: image/png"));
  CHECK(has(upload_text(ks::FileContent::from_bytes("data")),
            "filename=\"upload\"\r\nContent-Type: application/octet-stream"));
}

TEST_CASE("a file is read from its place, under its own name") {
  const auto path = std::filesystem::temp_directory_path() / "kimistream_files_test.bin";
  std::ofstream(path, std::ios::binary) << "from disk";
  const auto content = ks::FileContent::from_file(path.string());
  CHECK(content.name() == "kimistream_files_test.bin");
  CHECK(content.size() == 9);
  CHECK(has(upload_text(content), "from disk"));
  std::filesystem::remove(path);
  CHECK(has(refusal([&] { (void)content.body(); }), "there is no file"));
}

TEST_CASE("progress begins with nothing, never goes back and ends with all") {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  const auto report = [&](std::uint64_t sent, std::uint64_t total) { told.emplace_back(sent, total); };
  upload_text(ks::FileContent::from_bytes(std::string(100, 'x')), {.on_progress = report});
  REQUIRE(told.size() >= 2);
  CHECK(told.front() == std::pair<std::uint64_t, std::uint64_t>(0, 100));
  CHECK(told.back() == std::pair<std::uint64_t, std::uint64_t>(100, 100));
}

TEST_CASE("what cannot be is refused before anything is sent") {
  const ks::Provider& moonshot = *ks::find_provider("moonshot");
  const auto content = ks::FileContent::from_bytes("data");
  CHECK(has(refusal([&] { (void)ks::upload_request(moonshot, content, "fine-tune"); }), "\"file-extract\""));
  CHECK(has(refusal([&] { (void)ks::upload_request(*ks::find_provider("vllm"), content, "batch"); }), "has no files"));
  CHECK(has(refusal([] { (void)ks::FileContent::from_bytes(""); }), "empty"));
  CHECK(has(refusal([] { (void)ks::FileContent::from_file("/nowhere/a.pdf"); }), "there is no file"));
  for (const char* id : {"", ".", "..", "ms://"})
    CHECK(has(refusal([&] { (void)ks::file_request(moonshot, id); }), "no id"));
}

TEST_CASE("an id is one piece of the path") {
  CHECK(ks::file_request(*ks::find_provider("moonshot"), "../a?b", "/content").path == "/files/..%2Fa%3Fb/content");
  CHECK(ks::file_request(*ks::find_provider("moonshot"), "ms://file_1").path == "/files/file_1");
}

TEST_CASE("a file's life") {
  Offline offline;
  offline.answer_json(stored).answer_json(stored).answer({"raw ", "bytes"}, 200, {{"Content-Type", "text/plain"}});
  offline.answer_json(R"({"id":"file_1","object":"file","deleted":true})");
  ks::Client client = offline.client();
  const ks::FileObject uploaded = ks::upload(client, ks::FileContent::from_bytes("data"), "batch");
  CHECK(uploaded.id == "file_1");
  CHECK(uploaded.filename == "a.txt");
  CHECK(uploaded.bytes == 4);
  CHECK(uploaded.created_at == 1779980001);
  CHECK(ks::file(client, "file_1") == uploaded);
  CHECK(ks::file_content(client, "file_1") == "raw bytes");
  ks::delete_file(client, "file_1");
  REQUIRE(offline.script->requests.size() == 4);
  CHECK(offline.script->requests[2].url.ends_with("/files/file_1/content"));
  CHECK(offline.script->requests[3].method == "DELETE");
}

TEST_CASE("content comes as it is, whatever its type says and also where there is none") {
  for (const char* type : {"text/event-stream", "application/json", "application/octet-stream"}) {
    CAPTURE(type);
    Offline offline;
    offline.answer({"\xEF\xBB\xBF{\"error\": 1}"}, 200, {{"Content-Type", type}})
        .answer({}, 200, {{"Content-Type", type}});
    ks::Client client = offline.client();
    CHECK(ks::file_content(client, "file_1") == "\xEF\xBB\xBF{\"error\": 1}");
    CHECK(ks::file_content(client, "file_1").empty());
  }
}

TEST_CASE("lists go on to the end, and a page that comes again is the last") {
  Offline offline;
  offline.answer_json(R"({"data":[{"id":"a"},{"id":"b"}],"has_more":true})");
  offline.answer_json(R"({"data":[{"id":"c"}],"has_more":true})");
  offline.answer_json(R"({"data":[{"id":"c"}],"has_more":true})");
  ks::Client client = offline.client();
  CHECK(ks::list_files(client).size() == 3);
  REQUIRE(offline.script->requests.size() == 3);
  CHECK(offline.script->requests[1].url.ends_with("/files?after=b"));
}

TEST_CASE("an answer without an id is an error") {
  Offline offline;
  offline.answer_json(R"({"object":"file"})");
  ks::Client client = offline.client();
  CHECK_THROWS_AS((void)ks::file(client, "file_1"), ks::Exception);
}

TEST_CASE("an upload of which bytes went out is repeated after 429 and 503 and not after 500") {
  for (const auto& [status, requests] : {std::pair(429, 2U), std::pair(503, 2U), std::pair(500, 1U)}) {
    const auto& row = status;  // clang 14 hands no structured binding to a lambda
    CAPTURE(row);
    Offline offline;
    offline.answer_json(R"({"error":{"message":"busy"}})", status).answer_json(stored);
    ks::ClientOptions options = offline.options();
    options.max_retries = 2;
    ks::Client client(options);
    ks::Stream stream =
        client.start(ks::upload_request(client.provider(), ks::FileContent::from_bytes("payload"), "batch"));
    REQUIRE(offline.script->requests.size() == 1);
    CHECK(has(all_of(*offline.script->requests[0].body), "payload"));  // a script's transport does not read it
    if (requests == 1)
      CHECK_THROWS_AS((void)stream.next_chunk(), ks::Exception);
    else
      CHECK(stream.next_chunk());
    CHECK(offline.script->requests.size() == requests);
    CHECK(has(all_of(*offline.script->requests.back().body), "payload") == (requests == 2));  // from its beginning
  }
}

TEST_CASE("an upload of which no byte went out is repeated after any failure that may pass") {
  Offline offline;
  offline.answer_json(R"({"error":{"message":"oops"}})", 500).answer_json(stored);
  ks::ClientOptions options = offline.options();
  options.max_retries = 1;
  ks::Client client(options);
  CHECK(ks::upload(client, ks::FileContent::from_bytes("payload"), "batch").id == "file_1");
}
