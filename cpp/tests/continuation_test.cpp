// The request that goes on with an answer, byte for byte at each kind of row.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "continuation.hpp"
#include "json/tree.hpp"
#include "support/play.hpp"

namespace ks = kimistream;
using namespace ks::testing;
using ks::json::Tree;

namespace {

const ks::Provider& row(const char* name) { return *ks::find_provider(name); }

ks::Message thoughtful(std::string content) {
  ks::Message message = ks::assistant(std::move(content));
  message.reasoning = "Well.";
  return message;
}

ks::Continuation made(const char* provider, const ks::Request& request, const ks::Message& so_far,
                      std::int64_t spent = 0) {
  const ks::Provider& at = row(provider);
  return ks::continuation(at, request, ks::model_name(at, "kimi-k2.6"), so_far, spent);
}

std::string text_of_body(const char* provider, const ks::Request& request, const ks::Message& so_far,
                         std::int64_t spent = 0) {
  return made(provider, request, so_far, spent).encoded.body->segments.at(0).text;
}

Tree tree(const char* provider, const ks::Request& request, const ks::Message& so_far, std::int64_t spent = 0) {
  return Tree::parse(text_of_body(provider, request, so_far, spent));
}

std::string field(const Tree& tree, std::string_view key) {
  const Tree* found = tree.find(key);
  if (!found) return "(absent)";
  std::string out;
  found->write(out);
  return out;
}

std::string last_message(const Tree& tree) {
  std::string out;
  tree.find("messages")->items().back().write(out);
  return out;
}

ks::Request asked() { return {.messages = {ks::user("1+1?")}, .thinking = true}; }

}  // namespace

TEST_CASE("the continuation's request, row by row") {
  struct Row {
    const char* provider;
    std::string body;
  };
  const std::vector<Row> rows = {
      {"moonshot", R"({"model":"kimi-k2.6","messages":[{"role":"user","content":"1+1?"},)"
                   R"({"role":"assistant","content":"It is","reasoning_content":"Well.","partial":true}],)"
                   R"("thinking":{"type":"disabled"},"stream":true,"stream_options":{"include_usage":true}})"},
      {"openrouter", R"({"model":"moonshotai/kimi-k2.6","messages":[{"role":"user","content":"1+1?"},)"
                     R"({"role":"assistant","content":"It is","reasoning_content":"Well."}],)"
                     R"("reasoning":{"effort":"none"},"stream":true})"},
      {"vllm", R"({"model":"moonshotai/Kimi-K2.6","messages":[{"role":"user","content":"1+1?"},)"
               R"({"role":"assistant","content":"It is","reasoning_content":"Well.","reasoning":"Well."}],)"
               R"("chat_template_kwargs":{"thinking":false},"temperature":0.6,"top_p":0.95,)"
               R"("continue_final_message":true,"add_generation_prompt":false,"stream":true,)"
               R"("stream_options":{"include_usage":true}})"},
      {"sglang", R"({"model":"moonshotai/Kimi-K2.6","messages":[{"role":"user","content":"1+1?"},)"
                 R"({"role":"assistant","content":"It is","reasoning_content":"Well."}],)"
                 R"("chat_template_kwargs":{"thinking":false},"temperature":0.6,"top_p":0.95,)"
                 R"("continue_final_message":true,"stream":true,"stream_options":{"include_usage":true}})"},
      {"moonshot-anthropic", R"({"model":"kimi-k2.6","max_tokens":32768,"messages":[)"
                             R"({"role":"user","content":"1+1?"},{"role":"assistant","content":"It is"}],)"
                             R"("thinking":{"type":"disabled"},"stream":true})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.provider);
    CHECK(text_of_body(row.provider, asked(), thoughtful("It is \n")) == row.body);
    CHECK_FALSE(made(row.provider, asked(), thoughtful("It is")).encoded.thinks);
  }
}

TEST_CASE("the prefix stands behind the caller's beginning, in one message") {
  ks::Request request = asked();
  request.prefill = "Sum: ";
  CHECK(last_message(tree("moonshot", request, ks::assistant("two "))) ==
        R"({"role":"assistant","content":"Sum: two","partial":true})");
  CHECK(made("moonshot", request, ks::assistant("two ")).before.prefix == "Sum: two");
  CHECK(made("moonshot", request, ks::assistant("two ")).before.arrived == "two ");
  // The same where the beginning is the last message, in the row's own form.
  ks::Message begun = ks::assistant("Sum: ");
  begun.name = "Ann";
  begun.extra = {R"({"partial":true})"};
  request = asked();
  request.messages.push_back(begun);
  const Tree sent = tree("moonshot", request, ks::assistant("two"));
  CHECK(sent.find("messages")->items().size() == 2);
  CHECK(last_message(sent) == R"({"role":"assistant","content":"Sum: two","name":"Ann","partial":true})");
  request.messages.back() = ks::assistant("Sum: ");
  CHECK(tree("openrouter", request, ks::assistant("two")).find("messages")->items().size() == 2);
  // An answer that was whole is none.
  CHECK(tree("moonshot", request, ks::assistant("two")).find("messages")->items().size() == 3);
}

TEST_CASE("it is asked for without thinking, wherever the caller said that he wants it") {
  for (const char* said : {R"({"thinking":{"type":"enabled","keep":"all"}})", R"({"thinking":{"type":"enabled"}})"}) {
    ks::Request request = asked();
    request.thinking = ks::ThinkingMode::unset;
    request.fields = {said};
    CHECK(field(tree("moonshot", request, ks::assistant("a")), "thinking") == R"({"type":"disabled"})");
    request.fields = {};
    request.extra_body = {said};
    CHECK(field(tree("moonshot", request, ks::assistant("a")), "thinking") == R"({"type":"disabled"})");
  }
  ks::Request request = asked();
  request.thinking = ks::ThinkingMode::keep;
  request.extra_body = {R"({"chat_template_kwargs":{"thinking":true,"other":1}})"};
  CHECK(field(tree("vllm", request, ks::assistant("a")), "chat_template_kwargs") == R"({"thinking":false,"other":1})");
}

TEST_CASE("sampling follows the mode") {
  ks::Request request = asked();
  request.temperature = 1.0;  // what the model fixes while it thinks, and refuses else
  CHECK(field(tree("moonshot", request, ks::assistant("a")), "temperature") == "(absent)");
  request.temperature.reset();
  request.extra_body = {R"({"temperature":1.0,"top_k":5})"};
  CHECK(field(tree("moonshot", request, ks::assistant("a")), "temperature") == "(absent)");
  CHECK(field(tree("moonshot", request, ks::assistant("a")), "top_k") == "5");
  request.extra_body = {};
  request.temperature = 0.3;
  CHECK(field(tree("vllm", request, ks::assistant("a")), "temperature") == "0.3");
}

TEST_CASE("max tokens shrink by what has arrived, under each of their names, and never grow") {
  ks::Request request = asked();
  request.max_tokens = 100;
  CHECK(field(tree("moonshot", request, ks::assistant("a"), 30), "max_completion_tokens") == "70");
  CHECK(field(tree("moonshot", request, ks::assistant("a"), 300), "max_completion_tokens") == "1");
  CHECK(field(tree("moonshot", request, ks::assistant("a"), 0), "max_completion_tokens") == "100");
  CHECK(field(tree("moonshot-anthropic", request, ks::assistant("a"), 30), "max_tokens") == "70");
  request.max_tokens.reset();
  CHECK(field(tree("moonshot", request, ks::assistant("a"), 30), "max_completion_tokens") == "(absent)");
  request.fields = {R"({"max_tokens":100})"};
  request.extra_body = {R"({"max_completion_tokens":50})"};
  const Tree sent = tree("moonshot", request, ks::assistant("a"), 30);
  CHECK(field(sent, "max_tokens") == "70");
  CHECK(field(sent, "max_completion_tokens") == "20");
}

TEST_CASE("JSON mode is left out, and told; the rest stays") {
  for (const bool in_fields : {false, true}) {
    ks::Request request = asked();
    (in_fields ? request.fields : request.response_format) = {
        in_fields ? R"({"response_format":{"type":"json_object"}})" : R"({"type":"json_object"})"};
    request.stop = {"END"};
    request.tools = {{.name = "f"}};
    request.system = "Be brief.";
    const ks::Continuation next = made("moonshot", request, ks::assistant(R"({"a":"b)"));
    const Tree sent = Tree::parse(next.encoded.body->segments.at(0).text);
    CHECK(field(sent, "response_format") == "(absent)");
    REQUIRE(next.encoded.notices.size() == 1);
    CHECK(next.encoded.notices[0].code == "response_format_left_out");
    CHECK(field(sent, "stop") == R"(["END"])");
    CHECK(sent.find("tools")->items().size() == 1);
    CHECK(sent.find("messages")->items().size() == 3);
    CHECK(next.before.stops == std::vector<std::string>{"END"});
  }
}

TEST_CASE("where answers cannot be gone on with") {
  const auto stands = [](const char* provider, const ks::Request& request) {
    return !ks::obstacle(row(provider), request).empty();
  };
  CHECK_FALSE(stands("moonshot", asked()));
  CHECK(stands("tokenhub", asked()));
  ks::Request request = asked();
  request.response_format = {R"({"type":"json_schema","json_schema":{"name":"x","schema":{}}})"};
  CHECK(stands("moonshot", request));
  request.response_format = {R"({"type":"json_object"})"};
  CHECK_FALSE(stands("moonshot", request));
  request.response_format = {R"({"type":"text"})"};
  CHECK_FALSE(stands("moonshot", request));
  for (const char* extra :
       {R"({"guided_json":{}})", R"({"structured_outputs":{"regex":"a"}})", R"({"n":2})",
        R"({"response_format":{"type":"json_schema"}})", R"({"output_config":{"format":{"type":"json_schema"}}})"}) {
    CAPTURE(extra);
    request = asked();
    request.extra_body = {extra};
    CHECK(stands("vllm", request));
  }
  request.extra_body = {R"({"n":1,"guided_json":null})"};
  CHECK_FALSE(stands("vllm", request));
}
