#!/bin/sh
# Builds the libraries that the wheel carries, as static ones:  packaging/bundled/build.sh SOURCES FOLDER
# SOURCES has curl/, openssl/, zlib/ and simdjson/; what is built goes to FOLDER/prefix, logs beside it. What is there already, from
# the same versions and this file, is left as it is. Called by scripts/wheel.
set -eu
cd "$(dirname "$0")/../.."
sources="$1" work="$2"
prefix="$work/prefix"
recipes="packaging/bundled"

say() { printf '%s\n' "$*" >&2; }
fail() { say "$0: $*"; exit 1; }
quietly() {  # LOG COMMAND...: shows what was said only where it fails
  log="$work/$1.log"
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 40 "$log" >&2; fail "failed: $* (all of it: $log)"; }
}
version_of() { awk -v library="$1" '$1 == library { print $2 }' "$recipes/versions"; }

for tool in cc c++ cmake make perl; do
  command -v "$tool" >/dev/null || fail "$tool is not installed"
done
cc="${CC:-cc}"
! command -v ccache >/dev/null || cc="ccache $cc"
jobs="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"

cmake_install() {  # NAME SOURCE SETTINGS...
  name="$1" source="$2"
  shift 2
  quietly "$name-configure" cmake -S "$source" -B "$work/$name" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@"
  quietly "$name" cmake --build "$work/$name" --parallel "$jobs" --target install
}

# TLS 1.2 and 1.3 with what servers speak today. Nothing is read from the machine's openssl.cnf, which may name modules
# that are not there, and nothing is trusted by default: which certificates count, the library says (net/environment.cpp).
build_openssl() {
  say "    OpenSSL $(version_of openssl)"
  rm -rf "$work/openssl"
  mkdir -p "$work/openssl"
  (
    cd "$work/openssl"
    quietly openssl-configure perl "$sources/openssl/Configure" --prefix="$prefix" --libdir=lib --openssldir=/nonexistent \
      CC="$cc" -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
      no-shared no-module no-engine no-legacy no-fips no-autoload-config no-ui-console no-apps no-docs no-tests \
      no-ssl3 no-tls1 no-tls1_1 no-dtls no-quic no-sctp no-srtp no-srp no-psk no-comp no-weak-ssl-ciphers \
      no-gost no-ts no-cms no-cmp no-ct no-rfc3779 no-idea no-seed no-camellia no-aria no-bf no-cast no-rc2 no-rc4 \
      no-des no-md4 no-mdc2 no-rmd160 no-whirlpool no-siphash no-sm2 no-sm3 no-sm4 no-blake2 no-ocb no-siv no-scrypt no-slh-dsa no-ec2m
    quietly openssl make -j "$jobs" build_libs
    quietly openssl-install make install_dev
  )
}

# HTTP/1.1 and HTTPS, through proxies of both kinds: what net/ uses, and nothing else. CURL_MAX_WRITE_SIZE, which curl.h leaves
# to those who build, is also the least send buffer, which each open stream holds: 2 kB in place of 16. Without its headers API it
# keeps no second copy of an answer's head. It writes a request character by character: with those calls inlined, for which g++
# must be given room, a row of a bulk run takes 6 % fewer instructions. It reads sockets with our recv (net/short_reads.hpp), which
# leaves out the call that finds nothing behind each chunk: so it is a library for the wheel alone.
build_curl() {
  say "    curl $(version_of curl)"
  inlining="--param max-inline-insns-auto=120 --param inline-unit-growth=100"
  ! "${CC:-cc}" --version | grep -q clang || inlining=
  cmake_install curl "$sources/curl" \
    -DCMAKE_C_FLAGS="-fvisibility=hidden -ffunction-sections -fdata-sections -DCURL_MAX_WRITE_SIZE=2048 -Drecv=kimistream_recv $inlining" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_CURL_EXE=OFF \
    -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF -DCMAKE_UNITY_BUILD=ON \
    -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF \
    -DHTTP_ONLY=ON -DCURL_ENABLE_SSL=ON -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
    -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_USE_GSSAPI=OFF \
    -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_FORM_API=ON \
    -DCURL_DISABLE_HEADERS_API=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_KERBEROS_AUTH=ON -DCURL_DISABLE_MIME=ON \
    -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON \
    -DCURL_DISABLE_WEBSOCKETS=ON \
    -DENABLE_UNIX_SOCKETS=OFF -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=OFF
}

build_zlib_and_simdjson() {
  say "    zlib $(version_of zlib), simdjson $(version_of simdjson)"
  cmake_install bundled "$recipes" -DZLIB_SOURCE="$sources/zlib" -DSIMDJSON_SOURCE="$sources/simdjson" \
    -DSIMDJSON_VERSION="$(version_of simdjson)"
}

# The licences that the wheel carries are those of what is in it.
check_licences() {
  for pair in curl=COPYING openssl=LICENSE.txt zlib=LICENSE; do
    cmp "$sources/${pair%%=*}/${pair#*=}" "licenses/${pair%%=*}.txt" || fail "licenses/${pair%%=*}.txt is not that of the sources"
  done
}

state="$(cat "$recipes/versions" "$recipes/build.sh" "$recipes/CMakeLists.txt" | cksum) $sources $(${CC:-cc} -dumpmachine) $(${CC:-cc} --version | head -n 1)"
if [ "$(cat "$prefix/.of" 2>/dev/null)" = "$state" ]; then exit; fi
say "==> building the libraries that the wheel carries"
mkdir -p "$work"
rm -rf "$prefix"
check_licences
build_openssl
build_zlib_and_simdjson
build_curl
printf '%s\n' "$state" >"$prefix/.of"
