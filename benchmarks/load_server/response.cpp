#include "response.hpp"

namespace kimistream::load {

std::string json_response(std::string_view body, std::string_view status) {
  std::string response = "HTTP/1.1 ";
  response.append(status)
      .append("\r\nContent-Type: application/json\r\nX-Request-Id: load-server\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
  return response;
}

}  // namespace kimistream::load
