#include "wire/chunks.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "json/tree.hpp"
#include "kimistream/accumulator.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

/// The first choice of a frame; made where there is none.
Tree& first_choice(Tree& root) {
  Tree* choices = root.find("choices");
  if (!choices || !choices->is(Tree::Kind::array)) choices = &root.set("choices", Tree::array());
  if (choices->items().empty()) {
    Tree choice = Tree::object();
    choice.set("index", Tree::number("0"));
    choices->items().push_back(std::move(choice));
  }
  return choices->items().front();
}

Tree tool_call(int index, const std::string* id, const std::string* name, std::string_view arguments) {
  Tree call = Tree::object();
  call.set("index", Tree::number(std::to_string(index)));
  if (id) call.set("id", Tree::string(*id));
  if (id) call.set("type", Tree::string("function"));
  Tree function = Tree::object();
  if (name) function.set("name", Tree::string(*name));
  function.set("arguments", Tree::string(arguments));
  call.set("function", std::move(function));
  return call;
}

/// What a frame says, of the events that were made of it.
struct Said {
  std::optional<std::string> content, reasoning;
  Tree calls = Tree::array();
  std::string finish_reason;

  explicit Said(std::span<const Event> events) {
    for (const Event& event : events) {
      if (const auto* text = std::get_if<Text>(&event))
        content = content.value_or("") + text->text;
      else if (const auto* thinking = std::get_if<Thinking>(&event))
        reasoning = reasoning.value_or("") + thinking->text;
      else if (const auto* start = std::get_if<ToolCallStart>(&event))
        calls.items().push_back(tool_call(start->index, &start->id, &start->name, ""));
      else if (const auto* more = std::get_if<ToolCallDelta>(&event))
        calls.items().push_back(tool_call(more->index, nullptr, nullptr, more->arguments));
      else if (const auto* finish = std::get_if<Finish>(&event))
        finish_reason = finish->reason;
    }
  }
};

/// What is known of the tokens, in the place of what stands there.
void put_usage(Tree& root, const Usage& usage) {
  Tree* told = root.find("usage");
  if (!told || !told->is(Tree::Kind::object)) told = &root.set("usage", Tree::object());
  const auto put = [](Tree& object, std::string_view key, const std::optional<std::int64_t>& value) {
    if (value) object.set(key, Tree::number(std::to_string(*value)));
  };
  put(*told, "prompt_tokens", usage.prompt_tokens);
  put(*told, "completion_tokens", usage.completion_tokens);
  put(*told, "total_tokens", usage.total_tokens);
  if (told->find("cached_tokens")) put(*told, "cached_tokens", usage.cached_tokens);
  if (Tree* details = told->find("prompt_tokens_details"); details && details->find("cached_tokens"))
    put(*details, "cached_tokens", usage.cached_tokens);
  if (Tree* details = told->find("completion_tokens_details"); details && details->find("reasoning_tokens"))
    put(*details, "reasoning_tokens", usage.reasoning_tokens);
}

Tree delta_of(Said& said) {
  Tree delta = Tree::object();
  if (said.reasoning) delta.set("reasoning_content", Tree::string(*said.reasoning));
  if (said.content) delta.set("content", Tree::string(*said.content));
  if (!said.calls.items().empty()) delta.set("tool_calls", std::move(said.calls));
  return delta;
}

FrameText written(const Tree& root) {
  std::string text;
  root.write(text);
  return FrameText(std::move(text));
}

/// The frame, its first choice saying what the events say.
Chunk as_said(Tree root, std::span<const Event> events) {
  Said said(events);
  Tree& choice = first_choice(root);
  const bool plain = said.calls.items().empty();
  choice.set("delta", delta_of(said));
  choice.set("finish_reason", said.finish_reason.empty() ? Tree() : Tree::string(said.finish_reason));
  return {.frame = written(root),
          .content = std::move(said.content),
          .reasoning = std::move(said.reasoning),
          .finish_reason = std::move(said.finish_reason),
          .has_choices = true,
          .plain = plain};
}

/// A completion whose message says what the events say.
void put_message(Tree& root, const Message& message) {
  Tree& choice = first_choice(root);
  Tree* said = choice.find("message");
  if (!said || !said->is(Tree::Kind::object)) said = &choice.set("message", Tree::object());
  said->set("content", message.content ? Tree::string(*message.content) : Tree());
  said->erase("reasoning");
  said->set("reasoning_content", message.reasoning ? Tree::string(*message.reasoning) : Tree());
  Tree calls = Tree::array();
  for (const ToolCall& call : message.tool_calls)
    calls.items().push_back(tool_call(call.index, &call.id, &call.name, call.arguments));
  if (!calls.items().empty()) said->set("tool_calls", std::move(calls));
  choice.set("finish_reason", message.finish_reason ? Tree::string(*message.finish_reason) : Tree());
}

/// A completion as the chunk of a stream.
void put_delta(Tree& root) {
  root.set("object", Tree::string("chat.completion.chunk"));
  Tree* choices = root.find("choices");
  if (!choices) return;
  for (Tree& choice : choices->items()) {
    Tree* message = choice.find("message");
    if (!message) continue;
    Tree delta = std::move(*message);
    if (Tree* calls = delta.find("tool_calls")) {
      int index = 0;
      for (Tree& call : calls->items()) call.set("index", Tree::number(std::to_string(index++)));
    }
    choice.set("delta", std::move(delta));
    choice.erase("message");
  }
}

}  // namespace

void add_chunk(Decoder& decoder, std::span<const Event> events, std::int64_t created, std::vector<Chunk>& out) {
  if (!decoder.has_frame()) return;
  const FrameView view = decoder.frame();
  if (decoder.altered()) {
    out.push_back(as_said(Tree::parse(view.text), events));
    return;
  }
  FrameText frame = decoder.frame_text(false, created);
  if (frame.empty()) return;
  Chunk& chunk = out.emplace_back();
  chunk.frame = std::move(frame);
  if (view.content) chunk.content.emplace(*view.content);
  if (view.reasoning) chunk.reasoning.emplace(*view.reasoning);
  chunk.finish_reason.assign(view.finish_reason);
  chunk.has_choices = view.has_choices;
  chunk.plain = view.plain;
}

Chunk whole_chunk(Decoder& decoder, std::span<const Event> events, bool streamed, std::int64_t created) {
  Chunk chunk{.frame = decoder.frame_text(true, created), .has_choices = decoder.frame().has_choices};
  if (!decoder.altered() && !streamed) return chunk;
  Tree root = Tree::parse(chunk.json());
  if (decoder.altered()) {
    Accumulator accumulator;
    for (const Event& event : events) accumulator.add(event);
    put_message(root, accumulator.message());
  }
  if (streamed) put_delta(root);
  chunk.frame = written(root);
  return chunk;
}

Chunk said_chunk(const Message& message, std::span<const Event> events, std::int64_t created) {
  Tree root = Tree::object();
  root.set("id", Tree::string(message.id));
  root.set("object", Tree::string("chat.completion.chunk"));
  root.set("created", Tree::number(std::to_string(created)));
  root.set("model", Tree::string(message.model));
  Tree choice = Tree::object(), choices = Tree::array();
  choice.set("index", Tree::number("0"));
  choice.set("delta", Tree::object());
  choices.items().push_back(std::move(choice));
  root.set("choices", std::move(choices));
  return as_said(std::move(root), events);
}

void add_later_chunk(Decoder& decoder, const Message& message, bool goes_on, std::span<const Event> events,
                     std::int64_t created, std::vector<Chunk>& out) {
  if (!decoder.has_frame()) return;
  const FrameText frame = decoder.frame_text(false, created);
  if (frame.empty()) return;
  Tree root = Tree::parse(frame.str());
  if (goes_on && !message.id.empty()) root.set("id", Tree::string(message.id));
  const Usage* usage = nullptr;
  for (const Event& event : events)
    if (const auto* told = std::get_if<Usage>(&event)) usage = told;
  Tree* choices = root.find("choices");
  const bool has_choices = decoder.frame().has_choices && choices && !choices->items().empty();
  Tree* const inner = has_choices ? choices->items().front().find("usage") : nullptr;  // Moonshot's place for it
  if (usage) put_usage(inner ? choices->items().front() : root, *usage);
  if (!has_choices) {
    out.push_back({.frame = written(root)});
    return;
  }
  const Said said(events);
  const bool speaks = said.content || said.reasoning || !said.calls.items().empty() || !said.finish_reason.empty();
  if (!speaks && !usage && goes_on) return;  // a role, or what had been shown already
  if (speaks)
    out.push_back(as_said(std::move(root), events));
  else
    out.push_back({.frame = written(root), .has_choices = true});
}

void Gathering::add(Decoder& decoder, std::int64_t created, bool later) {
  later_ = later_ || later;
  if (!decoder.has_frame()) return;
  const FrameText frame = decoder.frame_text(false, created);
  if (frame.empty()) return;
  Tree said = Tree::parse(Chunk{.frame = frame}.json());
  if (Tree* choices = said.find("choices"))
    for (Tree& choice : choices->items())
      if (const Tree* usage = choice.find("usage"); usage && usage->is(Tree::Kind::object)) {
        Tree moved = *usage;  // Moonshot's place for it; `choice` lives in what is changed
        said.set("usage", std::move(moved));
        break;
      }
  said.erase("choices");
  if (later)
    for (const char* key : {"id", "created"})
      if (root_.find(key)) said.erase(key);
  if (const Tree* usage = said.find("usage"); usage && usage->is(Tree::Kind::null)) said.erase("usage");
  root_.merge(said);
}

Chunk Gathering::chunk(const Message& message) {
  root_.set("object", Tree::string("chat.completion"));
  Tree choice = Tree::object(), said = Tree::object();
  choice.set("index", Tree::number("0"));
  said.set("role", Tree::string("assistant"));
  choice.set("message", std::move(said));
  Tree choices = Tree::array();
  choices.items().push_back(std::move(choice));
  root_.set("choices", std::move(choices));
  put_message(root_, message);
  if (later_ && message.usage) put_usage(root_, *message.usage);
  return {.frame = written(root_), .has_choices = true};
}

}  // namespace kimistream::wire
