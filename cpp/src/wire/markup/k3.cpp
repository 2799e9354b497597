#include "wire/markup/k3.hpp"

#include "characters.hpp"
#include "json/text.hpp"
#include "wire/arguments.hpp"

namespace kimistream::wire::markup {

std::size_t K3::measure(std::string_view rest, Ending ending, const Sink& sink) const {
  Tag tag;
  const std::size_t size = Tag::read(rest, ending, tag);
  if (size == foreign || size == unsure || offered_ || inside() || !tag.of_calls()) return size;
  return (tag.opens("tools") || tag.opens("call")) && closed_ && sink.waiting() ? size : foreign;
}

void K3::take(std::string_view token, Ending behind, Sink& sink) {
  Tag tag;
  Tag::read(token, Ending::stop, tag);
  act(tag, behind, sink);
}

bool K3::quotes() { return (place_ == Place::value || place_ == Place::block) && value_.quotes(); }

bool K3::holds(std::string_view token) {
  Tag tag;
  Tag::read(token, Ending::stop, tag);
  switch (place_) {
    case Place::string:
      if (tag.closes("argument")) return false;
      // Raw text may hold anything. But if this is no text, then the end of the value is missing: nobody can know.
      if (tag.opens("argument") || tag.opens("call")) arguments_.sound = false;
      return true;
    case Place::refused: return !tag.closes("tools") && !tag.closes("message") && tag.kind != Tag::Kind::end;
    default: return false;
  }
}

void K3::act(const Tag& tag, Ending behind, Sink& sink) {
  switch (place_) {
    case Place::outside:
      if (!tag.of_calls()) return channel(tag, sink);
      if (!offered_) {
        place_ = Place::refused;
        sink.out.refused = true;
      } else if (tag.opens("call")) {
        open_call(tag, sink);
      } else {
        sink.out.removed = true;
        sink.gap();
      }
      return;
    case Place::call:
      if (tag.opens("argument") || tag.opens("json")) return open_value(tag);
      if (tag.closes("argument") || tag.closes("json")) return;
      // A close that lacks its separator where everything is cut may be the beginning of something else.
      end_call(tag.closes("call") && (tag.separated || behind != Ending::cut), sink);
      if (!tag.closes("call")) act(tag, behind, sink);
      return;
    case Place::string:
    case Place::value:
    case Place::block: {
      const bool ends = tag.closes(place_ == Place::block ? "json" : "argument");
      close_value();
      if (ends) return;
      arguments_.sound = false;
      return act(tag, behind, sink);
    }
    case Place::refused: place_ = Place::outside; return tag.closes("tools") ? sink.gap() : channel(tag, sink);
    case Place::over: return;
  }
}

/// The tags that say whose text it is.
void K3::channel(const Tag& tag, Sink& sink) {
  sink.out.removed = true;
  if (tag.kind == Tag::Kind::open) {
    nested_ = sink.side() == Side::answer && sink.said && !sink.waiting();
    if (nested_ || tag.name == "message") return;
    closed_ = false;
    return sink.turn_to(tag.name == "think" ? Side::reasoning : Side::answer);
  }
  if (std::exchange(nested_, false)) return;
  if (tag.kind == Tag::Kind::end || tag.name == "message") {
    if (closed_ && sink.waiting()) place_ = Place::over;
    return sink.gap();
  }
  closed_ = true;
  if (tag.name == "think") sink.turn_to(Side::answer);
  sink.gap(tag.name != "think");
}

void K3::open_call(const Tag& tag, Sink& sink) {
  place_ = Place::call;
  name_ = tag.attribute("tool");
  arguments_ = {};
  sink.gap();
}

void K3::open_value(const Tag& tag) {
  value_.clear();
  if (tag.name == "json") {
    arguments_.sound = arguments_.sound && arguments_.fields.empty() && arguments_.block.empty();
    place_ = Place::block;
    return;
  }
  key_ = tag.attribute("key");
  const std::string type = tag.attribute("type");
  arguments_.sound = arguments_.sound && !key_.empty() && arguments_.block.empty();
  place_ = type.empty() || type == "string" ? Place::string : Place::value;
}

void K3::close_value() {
  const Place place = std::exchange(place_, Place::call);
  const std::string_view json = trim(value_.text);
  if (place == Place::block) {
    arguments_.block = json;
    return;
  }
  std::string value;
  if (place == Place::value && is_json(json))
    value = json;
  else
    json::append_string(value, value_.text);
  arguments_.set(key_, std::move(value));
}

void K3::add(std::string_view text, Sink& sink) {
  switch (place_) {
    case Place::outside:
    case Place::call: return sink.text(text);
    case Place::string: value_.text.append(text); return;
    case Place::value:
    case Place::block: return value_.append(text);
    case Place::refused: return;
    case Place::over: sink.out.beyond = sink.out.beyond || !trim(text).empty();
  }
}

void K3::end_call(bool complete, Sink& sink) {
  place_ = Place::outside;
  sink.gap();
  const std::string name = std::exchange(name_, {});
  complete = complete && arguments_.sound;
  if (name.empty() && arguments_.text(false).empty())
    sink.out.removed = true;
  else
    sink.call({.id = {}, .name = name, .arguments = arguments_.text(complete), .complete = complete});
}

std::string K3::again() {
  return place_ == Place::value || place_ == Place::block ? value_.cut_at_token() : std::string();
}

void K3::finish(Ending, Sink& sink) {
  switch (place_) {
    case Place::outside:
    case Place::refused:
    case Place::over: return;
    case Place::string: {
      std::string begun;
      json::append_string(begun, value_.text);
      begun.pop_back();
      arguments_.set(key_, std::move(begun));
      break;
    }
    case Place::value: arguments_.set(key_, value_.text); break;
    case Place::block: arguments_.block = value_.text; break;
    case Place::call: break;
  }
  end_call(false, sink);
}

void K3::Arguments::set(const std::string& key, std::string value) {
  const auto [place, is_new] = places.emplace(key, fields.size());
  if (is_new) {
    std::string name;
    json::append_string(name, key);
    fields.emplace_back(std::move(name), std::string());
  }
  fields[place->second].second = std::move(value);
}

std::string K3::Arguments::text(bool closed) const {
  if (!block.empty()) return block;
  if (fields.empty() && !closed) return {};
  std::string out = "{";
  for (const auto& [key, value] : fields) {
    if (out.size() > 1) out += ',';
    out += key;
    out += ':';
    out += value;
  }
  if (closed) out += '}';
  return out;
}

}  // namespace kimistream::wire::markup
