#include "net/request_parts.hpp"

#include <new>

namespace kimistream::net {

std::shared_ptr<const RequestParts::Target> RequestParts::target(const std::string& url) {
  if (target_ && target_->url == url) return target_;
  std::unique_ptr<CURLU, Close> address(curl_url());
  if (!address) throw std::bad_alloc();
  if (curl_url_set(address.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) address.reset();
  target_ = std::make_shared<const Target>(Target{.url = url, .address = std::move(address)});
  return target_;
}

std::shared_ptr<const RequestParts::Fields> RequestParts::fields(const Headers& headers, bool large) {
  if (fields_ && fields_->large == large && fields_->headers == headers) return fields_;
  Fields made{.headers = headers, .large = large, .list = nullptr};
  const auto append = [&](const char* line) {
    curl_slist* const list = curl_slist_append(made.list.get(), line);
    if (!list) throw std::bad_alloc();
    (void)made.list.release();
    made.list.reset(list);
  };
  std::string line;
  for (const auto& [name, value] : headers) {
    // libcurl's spelling: "Name:" takes a header away, "Name;" sends one without a value.
    line = name;
    append(line.append(value.empty() ? ";" : ": ").append(value).c_str());
  }
  if (large && !headers.find("Expect")) append("Expect:");
  fields_ = std::make_shared<const Fields>(std::move(made));
  return fields_;
}

}  // namespace kimistream::net
