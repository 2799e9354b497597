// How the values of a frame are read, whatever the protocol: a surprise in one is skipped or marks the frame as
// malformed, and is never thrown.
#pragma once

#include <string_view>

#include "json/document.hpp"
#include "json/text.hpp"
#include "wire/frame.hpp"

namespace kimistream::wire {

class FrameValues {
 protected:
  FrameValues(json::Reader& reader, Frame& frame) : reader_(reader), frame_(frame) {}

  /// Reads one document, which must be an object, field by field.
  /// @return false when it could not be opened; a later fault is in `Frame::malformed` alone
  template <class OnField>
  bool document(std::string_view text, OnField&& on_field) {
    json::Document document;
    json::Object root;
    const bool opened = reader_.open(text, document) && !document.get_object().get(root);
    frame_.mended = reader_.mended();
    frame_.has_escapes = reader_.has_escapes();
    check(opened);
    if (!opened) return false;
    const bool whole = json::for_each_field(root, on_field);
    const char* behind = nullptr;
    check(whole && document.current_location().get(behind) != simdjson::SUCCESS);
    return true;
  }

  void check(bool well_formed) {
    if (!well_formed) frame_.malformed = true;
  }

  /// The fields of an inner object. Its keys are few, so they are brought into plain form first.
  template <class OnField>
  void fields(json::Value& object, OnField&& on_field) {
    check(
        json::for_each_field(object, [&](json::Key key, json::Value& value) { on_field(reader_.plain(key), value); }));
  }

  template <class Out>
  void text(json::Value& value, Out& out) {
    simdjson::ondemand::raw_json_string raw;
    if (value.get_raw_json_string().get(raw)) return;  // not a string
    std::string_view found;
    if (reader_.string_at(raw.raw(), found))
      out = found;
    else
      frame_.malformed = true;  // an escape that JSON does not have
  }

  /// The same for a text that comes whole: half a surrogate pair in it has no other half to wait for.
  void whole_text(json::Value& value, std::string_view& out) {
    text(value, out);
    if (reader_.has_escapes() && json::has_half(out)) out = frame_.made.emplace_back(json::join_halves(out));
  }

  /// Anything but null, false, 0, "" and {} is an error.
  bool truthy(json::Value& value) {
    const std::string_view token = value.raw_json_token();
    if (token.starts_with('{')) {
      bool any = false;
      check(json::for_each_field(value, [&](json::Key, json::Value&) { any = true; }));
      return any;
    }
    return !(token.starts_with("null") || token.starts_with("false") || token.starts_with("\"\"") ||
             token.starts_with("0"));
  }

  json::Reader& reader_;
  Frame& frame_;
};

}  // namespace kimistream::wire
