# simdjson::simdjson: the one of the project around us, else the system's, else a pinned release.
if(NOT TARGET simdjson::simdjson)
  find_package(simdjson QUIET CONFIG)  # no version here: its package refuses every major version but the one asked for
  if(simdjson_FOUND AND simdjson_VERSION VERSION_LESS 3.0)
    message(FATAL_ERROR "simdjson ${simdjson_VERSION} is too old: 3.0 or newer is needed")
  endif()
endif()
if(NOT TARGET simdjson::simdjson)
  message(STATUS "simdjson was not found on this system: fetching a release")
  include(FetchContent)
  FetchContent_Declare(simdjson
    GIT_REPOSITORY https://github.com/simdjson/simdjson.git
    GIT_TAG e341c8b43861b43de29c48ab65f292d997096953)  # 3.10.1, by its hash
  set(SIMDJSON_DEVELOPER_MODE OFF)
  FetchContent_MakeAvailable(simdjson)
  set_target_properties(simdjson PROPERTIES POSITION_INDEPENDENT_CODE ON)
endif()

# In debug builds simdjson checks itself at every step, which makes it 2.5 times slower and gives its types another layout;
# files that disagree about it cannot share an object. So all of our files agree: it does not. We have no assert() to lose.
add_compile_definitions(NDEBUG)
add_compile_options(-USIMDJSON_DEVELOPMENT_CHECKS -DSIMDJSON_DEVELOPMENT_CHECKS=0)  # simdjson 4's own target defines it
