# Sourced, with the project's folder as the current one: where ccache is installed, what was compiled once is not compiled
# again, also between the C++ library, the package and their tests.
if command -v ccache >/dev/null && [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ]; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CXX="${CXX:-c++}"
  export CCACHE_SLOPPINESS=pch_defines,time_macros
fi
