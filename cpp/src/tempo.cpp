#include "tempo.hpp"

#include <chrono>
#include <string>

namespace kimistream {

std::optional<Notice> Tempo::held_back() const {
  using namespace std::chrono;
  constexpr std::size_t enough = 10;
  constexpr auto long_silence = seconds(1);
  // No model writes two pieces in a millisecond; a few may share a packet.
  const auto quickest = std::max(milliseconds(20), milliseconds(static_cast<long>(count_ / 2)));
  if (count_ < enough || silence_ < long_silence || last_at_ - first_at_ > quickest) return std::nullopt;
  const auto tenths = duration_cast<milliseconds>(silence_).count() / 100;
  return Notice{"held_back",
                "all events came at once, after " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
                    " s of silence: something between the server and this client holds them back, most likely a proxy "
                    "that buffers (nginx: proxy_buffering off)"};
}

}  // namespace kimistream
