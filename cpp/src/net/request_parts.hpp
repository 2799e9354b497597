// What libcurl is told of a request's address and header fields. It only reads them, so that all handles of a transport
// whose requests say the same share them: thousands of streams go to one address, with the same fields.
#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

#include "kimistream/headers.hpp"

namespace kimistream::net {

/// One transport's, of its thread. What it gives lives as long as somebody holds it.
class RequestParts {
 public:
  struct Close {
    void operator()(CURLU* address) const noexcept { curl_url_cleanup(address); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  /// Parsed once: libcurl would parse a text again for each request, a tenth of what a small one costs.
  struct Target {
    std::string url;
    std::unique_ptr<CURLU, Close> address;  // null where it cannot be parsed
  };
  struct Fields {
    Headers headers;
    bool large = false;  // the body is: no word of the server is waited for, unless the headers ask for it
    std::unique_ptr<curl_slist, Close> list;
  };

  [[nodiscard]] std::shared_ptr<const Target> target(const std::string& url);
  [[nodiscard]] std::shared_ptr<const Fields> fields(const Headers& headers, bool large);

 private:
  std::shared_ptr<const Target> target_;  // the last of each
  std::shared_ptr<const Fields> fields_;
};

}  // namespace kimistream::net
