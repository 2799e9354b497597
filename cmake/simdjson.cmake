# The system's simdjson, else a pinned release.
find_package(simdjson 3.0 QUIET CONFIG)
if(NOT simdjson_FOUND)
  message(STATUS "simdjson was not found on this system: fetching a release")
  include(FetchContent)
  FetchContent_Declare(simdjson
    URL https://github.com/simdjson/simdjson/archive/refs/tags/v3.10.1.tar.gz)
  set(SIMDJSON_DEVELOPER_MODE OFF)
  FetchContent_MakeAvailable(simdjson)
endif()
