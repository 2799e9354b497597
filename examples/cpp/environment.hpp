// The library reads no environment by itself; programs do, and send one provider's key to no other.
#pragma once

#include <kimistream/kimistream.hpp>

#include <cstdlib>
#include <string>

inline kimistream::ClientOptions options_from_environment() {
  const auto read = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value ? value : "");
  };
  kimistream::ClientOptions options{.provider = read("KIMISTREAM_PROVIDER"), .base_url = read("KIMISTREAM_BASE_URL")};
  const kimistream::Destination asked = kimistream::destination_of(options);
  for (const std::string& name : asked.provider->key_variables) {
    if (!options.api_key.empty() || !kimistream::key_may_go(name, asked.base_url)) continue;
    options.api_key = read(name);
    options.key_origin = name;
  }
  return options;
}
