// The library reads no environment by itself; programs do.
#pragma once

#include <kimistream/kimistream.hpp>

#include <cstdlib>
#include <string>

inline kimistream::ClientOptions options_from_environment() {
  const auto read = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  return {.provider = read("KIMISTREAM_PROVIDER"),
          .base_url = read("KIMISTREAM_BASE_URL"),
          .api_key = read("MOONSHOT_API_KEY")};
}
