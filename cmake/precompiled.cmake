option(KIMISTREAM_PRECOMPILE_HEADERS "Compile the largest headers once for each target, in place of in each file" ON)

# Most of the time that a file takes to compile are its headers. Each file names what it uses all the same: without this
# option it must build as well.
function(kimistream_precompile target)
  if(KIMISTREAM_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <charconv> <chrono> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view>
      <unordered_map> <utility> <variant> <vector> ${ARGN})
  endif()
endfunction()
