#include "kimistream/error.hpp"

#include <utility>

namespace kimistream {

Exception::Exception(Error error) : error_(std::make_shared<const Error>(std::move(error))) {}

Error invalid_request(std::string message) {
  Error error{.kind = ErrorKind::invalid_request, .message = {}, .status_code = std::nullopt};
  error.message = std::move(message);
  return error;
}

}  // namespace kimistream
