/// @file response.hpp
/// @brief Response heads.
#pragma once

#include <string>
#include <string_view>

namespace kimistream::load {

[[nodiscard]] std::string json_response(std::string_view body, std::string_view status = "200 OK");

inline constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: load-server\r\nTransfer-Encoding: "
    "chunked\r\n\r\n";

}  // namespace kimistream::load
