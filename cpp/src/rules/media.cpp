#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "kimistream/headers.hpp"
#include "kimistream/media.hpp"
#include "rules/addresses.hpp"
#include "rules/rules.hpp"

namespace kimistream::rules {
namespace {

constexpr std::size_t kept_of_a_string = 64;  // enough to tell a data URI's type

enum class Form { data, http, ms, other };

bool begins(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && equal_ignoring_case(text.substr(0, with.size()), with);
}

Form form_of(std::string_view url) {
  if (begins(url, "data:")) return Form::data;
  if (begins(url, "http://") || begins(url, "https://")) return Form::http;
  if (begins(url, "ms://")) return Form::ms;
  return Form::other;
}

/// One JSON string from `begin`, the place behind its opening quote. @return the place of its closing quote
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  for (std::size_t quote = text.find('"', begin); quote != std::string_view::npos; quote = text.find('"', quote + 1)) {
    std::size_t slashes = 0;
    while (quote - slashes > begin && text[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote;
  }
  return std::string_view::npos;
}

/// The same JSON with long strings cut short: a part may hold a hundred megabytes of base64, and its kind is all that
/// is asked here.
std::string abridged(std::string_view json) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t quote = json.find('"', at);
    if (quote == std::string_view::npos) return out.append(json.substr(at));
    const std::size_t end = end_of_string(json, quote + 1);
    if (end == std::string_view::npos) return out.append(json.substr(at));
    std::string_view inside = json.substr(quote + 1, end - quote - 1);
    if (inside.size() > kept_of_a_string) {
      inside = inside.substr(0, kept_of_a_string);
      inside = inside.substr(0, inside.find('\\'));  // no escape may be cut in two
      while (!inside.empty() && static_cast<unsigned char>(inside.back()) >= 0x80) inside.remove_suffix(1);
    }
    out.append(json.substr(at, quote + 1 - at)).append(inside).append("\"");
    at = end + 1;
  }
}

struct Medium {
  bool video = false;
  Form form = Form::other;
  bool svg = false;
  std::string no_address{};  // what stands where an address should: its beginning, quoted
  bool known = false;        // and what was meant by it
};

/// Servers of one's own may know addresses that nobody else does, e.g. file://; a letter and a colon is a drive.
bool has_scheme(std::string_view url) {
  const std::size_t colon = std::min(url.find(':'), url.size());
  return colon > 1 && colon < url.size() &&
         std::all_of(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
                  c == '.';
         });
}

Medium medium(bool video, std::string_view url) {
  Medium medium{video, form_of(url), begins(url, "data:image/svg")};
  if (medium.form == Form::other ? !has_scheme(url) : medium.form == Form::data && begins_twice(url))
    medium.no_address = "\"" + std::string(url.substr(0, kept_of_a_string)) + "\"";
  medium.known = !medium.no_address.empty() && (begins_twice(url) || !missing_beginning(url, video).empty());
  return medium;
}

/// What the part shows, if it shows something.
std::optional<Medium> medium_of(const Part& part) {
  if (part.kind == Part::Kind::text) return std::nullopt;
  const bool video = part.kind == Part::Kind::video_url;
  return part.media ? Medium{.video = video, .form = Form::data} : medium(video, part.value);
}

std::optional<Medium> medium_of(const json::Tree& part) {
  const std::string type = part.text_of("type");
  if (type != "image_url" && type != "video_url") return std::nullopt;
  const json::Tree* holder = part.find(type);
  if (!holder) return std::nullopt;
  return medium(type == "video_url", holder->is(json::Tree::Kind::object) ? holder->text_of("url") : holder->text());
}

/// The pictures and clips of results go into a user's message behind them, where every server reads them.
void move_media(Request& request) {
  std::vector<Message> moved;
  std::vector<Part> parts;
  const auto end_results = [&] {
    if (!parts.empty()) moved.push_back(user(std::exchange(parts, {})));
  };
  const auto shows = [](const Part& part) {
    if (part.kind != Part::Kind::raw) return part.kind != Part::Kind::text;
    const auto tree = object_in({abridged(part.value)});
    return tree && medium_of(*tree);
  };
  for (Message& message : request.messages) {
    if (message.role != "tool") end_results();
    Message& kept = moved.emplace_back(std::move(message));
    if (kept.role != "tool" || std::none_of(kept.parts.begin(), kept.parts.end(), shows)) continue;
    parts.push_back({Part::Kind::text, "What the tool call " + kept.tool_call_id + " has shown:"});
    const auto rest = std::stable_partition(kept.parts.begin(), kept.parts.end(), std::not_fn(shows));
    std::move(rest, kept.parts.end(), std::back_inserter(parts));
    kept.parts.erase(rest, kept.parts.end());
    if (kept.parts.empty()) kept.content = "It is shown in the next message of the user.";
  }
  end_results();
  request.messages = std::move(moved);
}

class MediaRules {
 public:
  MediaRules(const Provider& provider, const Model* model, Findings& findings)
      : provider_(provider), model_(model), findings_(findings) {}

  void check(const Medium& medium, std::size_t message, bool in_result) {
    if (in_result && provider_.media_in_results == false)
      report("media_in_result", message,
             "pictures and clips in the result of a tool are dropped or refused by " + provider_.name +
                 ". Show them in a message of the user behind the results",
             true, move_media);
    const auto& forms = medium.video ? provider_.videos : provider_.images;
    const std::string kind = medium.video ? "video" : "image";
    if (!medium.no_address.empty()) {
      report("no_address", message,
             medium.no_address + " is no address: " + kind +
                 "_url takes a data URI, an http(s) address or an ms:// id. " + "A file is sent as " +
                 (medium.video ? "Video" : "Image") + "(path), base64 text behind \"data:" + kind + "/...;base64,\"",
             true, medium.known ? mend_addresses : nullptr);
      return;
    }
    if (!medium.video && model_ && !model_->takes_images) {
      report("image_not_taken", message,
             model_->id + " takes no image. Say it in words, or use a model that takes images", true);
      return;
    }
    if (medium.video && model_ && model_->takes_videos != true) {
      const bool certain = model_->takes_videos == false;
      report(kind + "_not_taken", message,
             model_->id + (certain ? " takes no video" : " may take no video: its documents are silent, or disagree") +
                 ". Send single frames as images, or use a model that takes video",
             certain);
      return;
    }
    if (medium.svg) {
      report("svg_not_taken", message, "SVG is not taken. Draw it as PNG first (platform.kimi.ai/docs/guide/vision)",
             provider_.fixes_sampling);
      return;
    }
    // The rows speak of Kimi: what another model at such a server takes is not known.
    if (!forms || !model_) return;
    if (!forms->any()) {
      report(kind + "_not_taken", message, provider_.name + " takes no " + kind + " with this model", true);
      return;
    }
    check_form(medium.form, *forms, kind, message);
  }

 private:
  void check_form(Form form, const MediaForms& forms, const std::string& kind, std::size_t message) {
    if (form == Form::http && !forms.http)
      report(kind + "_by_address", message,
             "a public address is not in the documents of " + provider_.name +
                 ", which may not fetch it (the documents disagree). Send the bytes as a data URI" +
                 (forms.ms ? ", or upload the file and send its ms:// id" : ""),
             false);
    if (form == Form::ms && !forms.ms)
      report(kind + "_by_file_id", message,
             "an ms:// id is of a file that was uploaded to the model's maker, and " + provider_.name +
                 " cannot read it. Send the bytes as a data URI" + (forms.http ? ", or a public address" : ""),
             true);
    if (form == Form::data && !forms.data)
      report(kind + "_as_data", message, provider_.name + " takes no data URI here", true);
  }

  /// One finding a rule: the first place stands for the others.
  void report(const std::string& code, std::size_t message, const std::string& rule, bool certain,
              std::function<void(Request&)> fix = {}) {
    for (const Finding& finding : findings_)
      if (finding.code == code) return;
    findings_.push_back({.code = code,
                         .message = "message " + std::to_string(message) + ": " + rule,
                         .certain = certain,
                         .fix = std::move(fix)});
  }

  const Provider& provider_;
  const Model* model_;
  Findings& findings_;
};

}  // namespace

void check_media(const Request& request, const Provider& provider, const Model* model, Findings& findings) {
  MediaRules rules(provider, model, findings);
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    for (const Part& part : request.messages[i].parts) {
      std::optional<Medium> medium;
      if (part.kind != Part::Kind::raw) {
        medium = medium_of(part);
      } else if (const auto tree = object_in({abridged(part.value)})) {
        check_part_keys(*tree, i, request.check, findings);
        medium = medium_of(*tree);
      }
      if (medium) rules.check(*medium, i, request.messages[i].role == "tool");
    }
}

}  // namespace kimistream::rules
