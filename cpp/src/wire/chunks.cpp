#include "wire/chunks.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "json/tree.hpp"
#include "kimistream/accumulator.hpp"

namespace kimistream::wire {
namespace {

using json::Tree;

/// The choice that the decoder reads; made where it did not come.
Tree& choice_of(Tree& root, std::int64_t index) {
  Tree* choices = root.find("choices");
  if (!choices || !choices->is(Tree::Kind::array)) choices = &root.set("choices", Tree::array());
  const std::string number = std::to_string(index);
  for (Tree& choice : choices->items()) {
    const std::string said = choice.text_of("index");
    if (said == number || (said.empty() && index == 0)) return choice;
  }
  Tree choice = Tree::object();
  choice.set("index", Tree::number(number));
  return choices->items().emplace_back(std::move(choice));
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

void put_said(Tree& delta, Said& said) {
  if (said.reasoning) delta.set("reasoning_content", Tree::string(*said.reasoning));
  if (said.content) delta.set("content", Tree::string(*said.content));
  if (!said.calls.items().empty()) delta.set("tool_calls", std::move(said.calls));
}

FrameText written(const Tree& root) {
  std::string text;
  root.write(text);
  return FrameText(std::move(text));
}

/// What a frame says of itself, where it says no more in this shape.
Tree head(std::string_view id, std::string_view model, std::int64_t created) {
  Tree root = Tree::object();
  root.set("id", Tree::string(id));
  root.set("object", Tree::string("chat.completion.chunk"));
  root.set("created", Tree::number(std::to_string(created)));
  root.set("model", Tree::string(model));
  return root;
}

/// A frame whose choice of this index says what the events say, and has the role that came.
Chunk as_said(Tree root, std::int64_t index, std::span<const Event> events) {
  Said said(events);
  if (const Tree* object = root.find("object"); object && object->text() == "chat.completion")
    root.set("object", Tree::string("chat.completion.chunk"));
  Tree& choice = choice_of(root, index);
  Tree delta = Tree::object();
  for (const char* came : {"delta", "message"})
    if (const Tree* part = choice.find(came))
      if (const std::string role = part->text_of("role"); !role.empty()) delta.set("role", Tree::string(role));
  choice.erase("message");
  const bool plain = said.calls.items().empty();
  put_said(delta, said);
  choice.set("delta", std::move(delta));
  choice.set("finish_reason", said.finish_reason.empty() ? Tree() : Tree::string(said.finish_reason));
  return {.frame = written(root),
          .content = std::move(said.content),
          .reasoning = std::move(said.reasoning),
          .finish_reason = std::move(said.finish_reason),
          .has_choices = true,
          .plain = plain};
}

/// The calls of a message. Those that came as such keep what else they have.
void put_calls(Tree& said, const std::vector<ToolCall>& message_calls) {
  if (message_calls.empty()) return;
  Tree* const came = said.find("tool_calls");
  if (came && came->items().size() == message_calls.size()) {
    for (std::size_t i = 0; i < message_calls.size(); ++i) {
      Tree& call = came->items()[i];
      call.set("id", Tree::string(message_calls[i].id));
      Tree* function = call.find("function");
      if (!function || !function->is(Tree::Kind::object)) function = &call.set("function", Tree::object());
      function->set("name", Tree::string(message_calls[i].name));
      function->set("arguments", Tree::string(message_calls[i].arguments));
    }
    return;
  }
  Tree calls = Tree::array();
  for (const ToolCall& call : message_calls)
    calls.items().push_back(tool_call(call.index, &call.id, &call.name, call.arguments));
  said.set("tool_calls", std::move(calls));
}

/// A completion whose message says what the events say.
void put_message(Tree& root, std::int64_t index, const Message& message) {
  Tree& choice = choice_of(root, index);
  Tree* said = choice.find("message");
  if (!said || !said->is(Tree::Kind::object)) said = &choice.set("message", Tree::object());
  said->set("content", message.content ? Tree::string(*message.content) : Tree());
  said->erase("reasoning");
  said->set("reasoning_content", message.reasoning ? Tree::string(*message.reasoning) : Tree());
  put_calls(*said, message.tool_calls);
  choice.set("finish_reason", message.finish_reason ? Tree::string(*message.finish_reason) : Tree());
}

void append(Tree& to, std::string_view key, const Tree& piece) {
  to.set(key, Tree::string(to.text_of(key) + piece.text()));
}

/// Adds a piece of a call to the message's, by its index.
void fold_call(Tree& calls, const Tree& piece) {
  const std::string index = piece.text_of("index");
  const auto same = std::find_if(calls.items().begin(), calls.items().end(),
                                 [&](const Tree& call) { return call.text_of("index") == index; });
  if (same == calls.items().end()) {
    calls.items().push_back(piece);
    return;
  }
  const Tree* more = piece.find("function");
  Tree* function = same->find("function");
  if (!more || !function) return;
  if (const std::string name = more->text_of("name"); !name.empty()) function->set("name", Tree::string(name));
  if (const Tree* arguments = more->find("arguments")) append(*function, "arguments", *arguments);
}

/// Adds a piece of a choice to the whole of it, as it came: nobody mends what is not read.
void fold(Tree& whole, const Tree& piece) {
  const Tree* delta = piece.find("delta");
  if (!delta) delta = piece.find("message");
  Tree* said = whole.find("message");
  if (!said) {
    said = &whole.set("message", Tree::object());
    said->set("role", Tree::string("assistant"));
    said->set("content", Tree());
  }
  if (delta)
    for (const auto& [key, value] : delta->fields()) {
      if (key == "role" || value.is(Tree::Kind::null)) continue;
      if (key == "tool_calls") {
        Tree* calls = said->find(key);
        if (!calls) calls = &said->set(key, Tree::array());
        for (const Tree& call : value.items()) fold_call(*calls, call);
      } else if (value.is(Tree::Kind::string)) {
        append(*said, key, value);
      } else {
        said->set(key, value);
      }
    }
  if (const Tree* reason = piece.find("finish_reason"); reason && reason->is(Tree::Kind::string))
    whole.set("finish_reason", *reason);
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
    FrameText frame = decoder.frame_text(false, created);
    Tree root = frame.empty() ? head(decoder.id(), decoder.model(), created)
                              : Tree::parse(Chunk{.frame = std::move(frame)}.json());
    out.push_back(as_said(std::move(root), decoder.choice_index(), events));
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
    put_message(root, decoder.choice_index(), accumulator.message());
  }
  if (streamed) put_delta(root);
  chunk.frame = written(root);
  return chunk;
}

Chunk said_chunk(const Message& message, std::span<const Event> events, std::int64_t created) {
  return as_said(head(message.id, message.model, created), 0, events);
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
  if (speaks && goes_on)                     // the role has been said
    if (Tree* delta = choice_of(root, decoder.choice_index()).find("delta")) delta->erase("role");
  if (speaks)
    out.push_back(as_said(std::move(root), decoder.choice_index(), events));
  else
    out.push_back({.frame = written(root), .has_choices = true});
}

void Gathering::add(Decoder& decoder, std::int64_t created, bool later) {
  later_ = later_ || later;
  if (!decoder.has_frame()) return;
  const FrameText frame = decoder.frame_text(false, created);
  if (frame.empty()) return;
  Tree said = Tree::parse(Chunk{.frame = frame}.json());
  if (const Tree* choices = said.find("choices"))
    for (const Tree& choice : choices->items())
      if (const std::string index = choice.text_of("index");
          !index.empty() && index != std::to_string(decoder.choice_index()))
        fold(others_[index], choice);
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
  put_message(root_, 0, message);
  for (auto& [index, other] : others_) {
    Tree made = Tree::object();
    made.set("index", Tree::number(index));
    for (auto& [key, value] : other.fields()) made.set(key, std::move(value));
    root_.find("choices")->items().push_back(std::move(made));
  }
  others_.clear();
  if (later_ && message.usage) put_usage(root_, *message.usage);
  return {.frame = written(root_), .has_choices = true};
}

}  // namespace kimistream::wire
