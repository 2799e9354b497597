// The file of a cassette.
#include "record/cassette_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "support/cassettes.hpp"
#include "support/media.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::record::CassetteFile;

namespace {

const std::string exchange =
    R"({"request":{"method":"GET","path":"/a","headers":{},"body":null},"response":{"status":200,"headers":{}},)"
    R"("pieces":[[0.5,"x"],[1,{"base64":"/w=="}]],"end":"clean","clock":null})";

struct Kept {
  Folder folder;
  std::vector<std::string> warnings;
  CassetteFile file{folder.file()};

  [[nodiscard]] auto read() { return file.read(warnings); }

  [[nodiscard]] std::string why() {
    try {
      (void)read();
    } catch (const ks::Exception& refused) {
      CHECK(refused.error().kind == ks::ErrorKind::invalid_request);
      return refused.what();
    }
    return "";
  }
};

}  // namespace

TEST_CASE("the first line of a file brings its header, and each is read back") {
  Kept kept;
  CHECK_FALSE(kept.read());
  CHECK(kept.file.append(exchange, false).empty());
  CHECK(kept.file.append(exchange, false).empty());
  CHECK(content_of(kept.file.path()) == std::string(header_line) + exchange + "\n" + exchange + "\n");
  const auto lines = kept.read();
  REQUIRE(lines);
  REQUIRE(lines->size() == 2);
  const ks::record::Line& line = *lines->front();
  CHECK(line.method == "GET");
  CHECK(line.path == "/a");
  CHECK(line.body == "null");
  CHECK(line.head->status == 200);
  CHECK(line.pieces[0].bytes == "x");
  CHECK(line.pieces[0].seconds == 0.5);
  CHECK(line.pieces[1].bytes == "\xFF");
  CHECK(line.end == ks::record::End::clean);
  CHECK(kept.warnings.empty());
}

TEST_CASE("anew throws away what the file holds; an empty file is none") {
  Kept kept;
  write_file(kept.file.path(), "");
  CHECK_FALSE(kept.read());
  CHECK(kept.file.append(exchange, false).empty());
  CHECK(kept.file.append(exchange, true).empty());
  CHECK(kept.read()->size() == 1);
}

TEST_CASE("folders that are missing are made") {
  const Folder folder;
  const CassetteFile file(folder.file("a/b/c.jsonl"));
  CHECK(file.append(exchange, false).empty());
  std::vector<std::string> none;
  CHECK(file.read(none)->size() == 1);
}

TEST_CASE("a torn last line is left out with a warning, and the next one begins behind it") {
  Kept kept;
  for (const std::string torn : {exchange.substr(0, exchange.size() - 1), std::string("{"), exchange.substr(0, 20)}) {
    kept.warnings.clear();
    write_file(kept.file.path(), std::string(header_line) + exchange + "\n" + torn);
    CHECK(kept.read()->size() == 1);
    REQUIRE(kept.warnings.size() == 1);
    CHECK(mentions(kept.warnings[0], kept.file.path()));
    CHECK(mentions(kept.warnings[0], "line 3 is torn"));
    CHECK(kept.file.append(exchange, false).empty());
    CHECK(kept.read()->size() == 2);
    CHECK(content_of(kept.file.path()) == std::string(header_line) + exchange + "\n" + torn + "\n" + exchange + "\n");
  }
}

TEST_CASE("a last line that only lacks its end is whole") {
  Kept kept;
  write_file(kept.file.path(), std::string(header_line) + exchange);
  CHECK(kept.read()->size() == 1);
  CHECK(kept.warnings.empty());
  CHECK(kept.file.append(exchange, false).empty());
  CHECK(kept.read()->size() == 2);
}

TEST_CASE("a second header, blank lines and line ends of other systems do no harm") {
  Kept kept;
  write_file(kept.file.path(),
             "{\"kimistream_cassette\":1}\r\n" + exchange + "\r\n\n" + std::string(header_line) + exchange + "\n");
  CHECK(kept.read()->size() == 2);
  CHECK(kept.warnings.empty());
}

TEST_CASE("what is no cassette is refused by its name, and stays as it is") {
  Kept kept;
  for (const std::string content :
       {std::string("hello\n"), std::string("\n"), std::string("{}\n"), exchange + "\n", std::string("[1]\n"),
        std::string("{\"kimistream_cassette\": \"1\"}\n"), std::string("{\"kimistream_cassette\": 0}\n"),
        std::string("{\"kimistream_cassette\": 1.5}\n"), std::string("{\"kimistream_casset"),
        std::string("\x00\xFF", 2)}) {
    CAPTURE(content);
    write_file(kept.file.path(), content);
    const std::string why = kept.why();
    CHECK(mentions(why, kept.file.path()));
    CHECK(mentions(why, "is no cassette"));
    CHECK(content_of(kept.file.path()) == content);
  }
}

TEST_CASE("a device is not read without end") {
  std::vector<std::string> warnings;
  CHECK_THROWS_WITH_AS((void)CassetteFile("/dev/zero").read(warnings), doctest::Contains("is no cassette"),
                       kimistream::Exception);
}

TEST_CASE("a newer version is told as such") {
  Kept kept;
  write_file(kept.file.path(), "{\"kimistream_cassette\": 2}\n");
  CHECK(mentions(kept.why(), "version 2"));
  CHECK(mentions(kept.why(), "newer kimistream"));
}

TEST_CASE("a line that is JSON and no exchange is refused by its number") {
  Kept kept;
  for (const std::string line :
       {"{}", "[]", "1", R"({"request":{"method":"GET","path":"/"},"pieces":[],"end":"odd"})",
        R"({"request":{"method":"GET","path":"/"},"end":"clean"})",
        R"({"request":{"method":"GET","path":"/"},"response":{"status":200},"pieces":[[1]],"end":"clean"})",
        R"({"request":{"method":"GET","path":"/"},"response":{"status":200},"pieces":[[1,{}]],"end":"clean"})",
        R"({"request":{"method":"GET","path":"/"},"response":{"status":0},"pieces":[],"end":"clean"})",
        R"({"request":{"method":"GET","path":"/"},"response":null,"pieces":[[1,"x"]],"end":"clean"})"}) {
    CAPTURE(line);
    write_file(kept.file.path(), std::string(header_line) + line + "\n");
    CHECK(mentions(kept.why(), "line 2 is no exchange"));
  }
}

TEST_CASE("what cannot be written is told, and names the file") {
  Kept kept;
  write_file(kept.folder.file("file"), "x");
  const CassetteFile below_a_file(kept.folder.file("file/a.jsonl"));
  CHECK_FALSE(below_a_file.read(kept.warnings));
  CHECK(mentions(below_a_file.append(exchange, false), below_a_file.path()));
  std::filesystem::create_directory(kept.file.path());
  CHECK(mentions(kept.why(), "cannot be read"));
}

TEST_CASE("lines of many writers stand each on its own") {
  Kept kept;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      const CassetteFile own(kept.file.path());
      for (int k = 0; k < 50; ++k) CHECK(own.append(exchange, false).empty());
    });
  for (std::thread& writer : writers) writer.join();
  CHECK(kept.read()->size() == 200);
  CHECK(kept.warnings.empty());
}
