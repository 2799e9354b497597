// Kimi K3's typed tags, XTML (encoding_k3.py in moonshotai/Kimi-K3).
//
//   answer   = [think] [response] [tools] [close("message")] ["<|end_of_msg|>"]
//   tools    = open("tools") 1*call close("tools")
//   call     = "<|open|>call" attributes "<|sep|>" ( *argument / json ) close("call")      attributes: tool, index
//   argument = "<|open|>argument" attributes "<|sep|>" VALUE close("argument")             attributes: key, type
//   json     = "<|open|>json type=\"object\"<|sep|>" RAW close("json")
//   open(T)  = "<|open|>" T "<|sep|>"        close(T) = "<|close|>" T "<|sep|>"
//
// The VALUE of a string is raw text, of any other type JSON. A call is complete when it and all in it were closed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/markup/json_text.hpp"
#include "wire/markup/k3_tag.hpp"
#include "wire/markup/markup.hpp"

namespace kimistream::wire::markup {

class K3 final : public Grammar {
 public:
  /// @param offered false: calls are not read; a section of them behind the answer is left out
  explicit K3(bool offered) : offered_(offered) {}

  [[nodiscard]] std::size_t measure(std::string_view rest, Ending ending, const Sink& sink) const override;
  void take(std::string_view token, Ending behind, Sink& sink) override;
  [[nodiscard]] bool inside() const noexcept override { return place_ != Place::outside; }
  [[nodiscard]] std::string again() override;
  void finish(Ending ending, Sink& sink) override;

 private:
  enum class Place {
    outside,  // also between the calls of a section
    call,     // between its arguments
    string,   // a string's value
    value,    // a value of any other type
    block,    // arguments as one block of JSON
    refused,  // a section of calls that nobody offered
    over,     // behind the end of the message
  };

  /// The arguments of one call: keys in order, of equal ones the last value.
  struct Arguments {
    std::vector<std::pair<std::string, std::string>> fields;  // as JSON
    std::map<std::string, std::size_t> places;                // of the keys in them
    std::string block;
    bool sound = true;  // false: something in there cannot be what the model meant

    void set(const std::string& key, std::string value);
    /// All of it as JSON text. @param closed false: without its end
    [[nodiscard]] std::string text(bool closed) const;
  };

  void add(std::string_view text, Sink& sink) override;
  [[nodiscard]] bool quotes() override;
  [[nodiscard]] bool holds(std::string_view token) override;
  void act(const Tag& tag, Ending behind, Sink& sink);
  void channel(const Tag& tag, Sink& sink);
  void open_call(const Tag& tag, Sink& sink);
  void open_value(const Tag& tag);
  void close_value();
  void end_call(bool complete, Sink& sink);

  bool offered_;
  Place place_ = Place::outside;
  bool closed_ = false;  // a channel has ended: so has the answer, unless text or another channel follows
  bool nested_ = false;  // a channel was opened in the midst of the answer, which shows the markup
  std::string name_, key_;
  JsonText value_;
  Arguments arguments_;
};

}  // namespace kimistream::wire::markup
