# Sourced by the other scripts: brings what is missing. Debian's packages with apt-get when run by root (anyone else is
# shown the one line to run), Python parts into .venv. What is there already costs nothing.
#
#   need_system COMMAND...   system packages, by the kinds below
#   need_python EXTRAS       .venv with the package and these extras, e.g. "cli,simulator"
#
# Sourced with the project's folder as the current one. Everything that it says goes to stderr.

set -eu
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc 2>/dev/null || echo 2)}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
VENV="$PWD/.venv"

say() { printf '%s\n' "$*" >&2; }
fail() { say "$0: $*"; exit 1; }

# ---- the system ---------------------------------------------------------------------------------------------------------

has_header() { printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" | c++ -x c++ -E - >/dev/null 2>&1; }

has_libfuzzer() {
  command -v clang++ >/dev/null || return 1
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer -x c++ -o /dev/null - 2>/dev/null
}

# The Python that PYTHON names, else the first python3 of PATH that is new enough.
find_python() (
  if [ -n "${PYTHON:-}" ]; then
    echo "$PYTHON"
    return
  fi
  IFS=:
  for folder in $PATH; do
    if [ -x "$folder/python3" ] && "$folder/python3" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      "$folder/python3" -c 'import sys; print(sys.executable)'
      return
    fi
  done
)

# The Debian packages that this machine lacks, of those that are asked for. Asked of the machine and not of dpkg: what
# counts is whether a thing is there, not where it came from.
missing_packages() {
  for kind in "$@"; do
    case $kind in
      certificates) [ -e "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ] || ! command -v dpkg >/dev/null || echo ca-certificates ;;
      compiler)
        command -v c++ >/dev/null || echo g++
        command -v cmake >/dev/null || echo cmake
        command -v ninja >/dev/null || echo ninja-build ;;
      libraries)
        has_header curl/curl.h || echo libcurl4-openssl-dev
        has_header simdjson.h || echo libsimdjson-dev ;;
      tests)
        has_header doctest/doctest.h || echo doctest-dev
        command -v pkg-config >/dev/null || echo pkg-config ;;
      ccache) command -v ccache >/dev/null || echo ccache ;;
      libfuzzer) has_libfuzzer || echo clang libclang-rt-dev ;;
      python)
        python="$(find_python)"
        [ -n "$python" ] || echo python3
        [ -n "$python" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
        [ -n "$python" ] && "$python" - 2>/dev/null <<'PYTHON' || echo python3-dev
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))
PYTHON
        ;;
    esac
  done | tr '\n' ' '
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # a list of words
  apt-get install -y --no-install-recommends $1 </dev/null >&2
}

need_system() {
  missing="$(missing_packages "$@")"
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "This machine lacks what Debian calls: $missing"
    exit 2
  fi
  if [ "$(id -u)" != 0 ]; then
    say "Some packages are missing. Please run:"
    say "    sudo apt-get update && sudo apt-get install -y $missing"
    exit 2
  fi
  say "==> apt-get install $missing"
  log="$(mktemp)"
  # The first try may fail because the package lists are missing or old: only then are they fetched.
  if ! apt_install "$missing" 2>"$log" && ! { apt-get update </dev/null && apt_install "$missing"; } >"$log" 2>&1; then
    cat "$log" >&2
    fail "apt-get could not install: $missing"
  fi
  rm -f "$log"
  missing="$(missing_packages "$@")"
  [ -z "$missing" ] || fail "still missing after the installation: $missing"
}

# ---- Python -------------------------------------------------------------------------------------------------------------

make_venv() {
  if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    return
  fi
  say "==> making .venv"
  "$(find_python)" -m venv --clear "$VENV" >&2
}

# What the built package depends on: the extension's sources, and which Python files there are (their contents are read in
# place). Changes to anything else need no new build.
state_of_sources() {
  {
    printf '%s %s\n' "$VENV" "$1"
    "$VENV/bin/python" -VV
    cat pyproject.toml CMakeLists.txt cpp/CMakeLists.txt cmake/*
    find cpp/include cpp/src python/bindings -type f | LC_ALL=C sort | while read -r file; do cat "$file"; done
    find python/kimistream python/_kimistream_pytest -name '*.py*' ! -name '*.pyc' | LC_ALL=C sort
  } | cksum
}

build_requirements() { sed -n 's/^requires = \[\(.*\)\]/\1/p' pyproject.toml | tr -d '",'; }

pip_install() {  # shows what pip says only where it fails
  log="$(mktemp)"
  if ! "$VENV/bin/python" -m pip install --quiet "$@" >"$log" 2>&1; then
    cat "$log" >&2
    fail "the Python package could not be installed into .venv"
  fi
  rm -f "$log"
}

need_python() {
  need_system certificates compiler libraries python
  make_venv
  stamp="$VENV/.kimistream-$(printf %s "$1" | tr , -)"
  state="$(state_of_sources "$1")"
  if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && "$VENV/bin/python" -c 'import kimistream' 2>/dev/null; then
    return
  fi
  say "==> building the Python package into .venv: one to two minutes on two cores, once until its sources change"
  build_began="$(date +%s)"
  say "    fetching what builds it: $(build_requirements)"
  # shellcheck disable=SC2046  # a list of words
  pip_install $(build_requirements)
  say "    compiling the C++ core, which takes nearly all of the time, and fetching the parts for: $1"
  pip_install --no-build-isolation --config-settings=build-dir='build/{wheel_tag}' --editable ".[$1]"
  printf '%s\n' "$state" >"$stamp"
  say "    built in $(($(date +%s) - build_began)) s"
}
