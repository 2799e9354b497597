#include "media/base64.hpp"

#include <array>
#include <cstring>

#include "processor_paths.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define KIMISTREAM_BASE64_X86
#ifndef __clang__  // GCC 12 warns about its own header: bug 105593
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#ifndef __clang__
#pragma GCC diagnostic pop
#endif
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define KIMISTREAM_BASE64_NEON
#include <arm_neon.h>
#endif

namespace kimistream::media::base64 {
namespace {

// Twelve bits at once: 8 kB, and twice as fast as a table of 64.
using Pair = std::array<char, 2>;
constexpr auto pairs = [] {
  std::array<Pair, 4096> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = {alphabet[i >> 6], alphabet[i & 63]};
  return table;
}();

void encode_scalar(const char* from, std::size_t size, char* to) noexcept {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(from[i])}; };
  for (; size >= 3; size -= 3, from += 3, to += 4) {
    const std::uint32_t bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    std::memcpy(to, pairs[bits >> 12].data(), 2);
    std::memcpy(to + 2, pairs[bits & 4095].data(), 2);
  }
  if (size == 0) return;
  const std::uint32_t bits = byte(0) << 16 | (size == 2 ? byte(1) << 8 : 0);
  std::memcpy(to, pairs[bits >> 12].data(), 2);
  to[2] = size == 2 ? alphabet[bits >> 6 & 63] : '=';
  to[3] = '=';
}

// The vector paths do whole blocks and leave the rest to the table. None reads outside of [from, from + size), and each
// reads a block before it writes its characters: that is what makes encoding in place safe.

#ifdef KIMISTREAM_BASE64_X86

/// 24 bytes, which must lie at 4..27 of `in`, to 32 characters. The method is Wojciech Mula's and Daniel Lemire's
/// ("Faster Base64 Encoding and Decoding using AVX2 Instructions", 2018).
__attribute__((target("avx2"))) inline __m256i characters_avx2(__m256i in) noexcept {
  const __m256i spread = _mm256_setr_epi8(5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  in = _mm256_shuffle_epi8(in, spread);
  const __m256i high =
      _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
  const __m256i low =
      _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
  const __m256i sextets = _mm256_or_si256(high, low);
  // To each sextet the distance to its character is added; which of the five distances, a subtraction tells.
  const __m256i distances = _mm256_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0,  //
                                             65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0);
  __m256i range = _mm256_subs_epu8(sextets, _mm256_set1_epi8(51));
  range = _mm256_sub_epi8(range, _mm256_cmpgt_epi8(sextets, _mm256_set1_epi8(25)));
  return _mm256_add_epi8(sextets, _mm256_shuffle_epi8(distances, range));
}

__attribute__((target("avx2"))) void encode_avx2(const char* from, std::size_t size, char* to) noexcept {
  if (size >= 32) {
    // There is nothing 4 bytes before the first block, so it is put together of two halves.
    const __m128i first = _mm_slli_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), 4);
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 12));
    __m256i in = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    for (;;) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), characters_avx2(in));
      size -= 24, from += 24, to += 32;
      if (size < 28) break;
      in = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from - 4));
    }
  }
  encode_scalar(from, size, to);
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))) void encode_avx512(const char* from, std::size_t size,
                                                                                   char* to) noexcept {
  const __m512i table = _mm512_loadu_si512(alphabet.data());
  const __m512i spread =
      _mm512_setr_epi32(0x01020001, 0x04050304, 0x07080607, 0x0a0b090a, 0x0d0e0c0d, 0x10110f10, 0x13141213, 0x16171516,
                        0x191a1819, 0x1c1d1b1c, 0x1f201e1f, 0x22232122, 0x25262425, 0x28292728, 0x2b2c2a2b, 0x2e2f2d2e);
  const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040aLL);
  for (; size >= 64; size -= 48, from += 48, to += 64) {
    const __m512i in = _mm512_permutexvar_epi8(spread, _mm512_loadu_si512(from));
    _mm512_storeu_si512(to, _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(shifts, in), table));
  }
  encode_scalar(from, size, to);
}

#endif
#ifdef KIMISTREAM_BASE64_NEON

void encode_neon(const char* from, std::size_t size, char* to) noexcept {
  const auto* table_bytes = reinterpret_cast<const std::uint8_t*>(alphabet.data());
  const uint8x16x4_t table = {
      {vld1q_u8(table_bytes), vld1q_u8(table_bytes + 16), vld1q_u8(table_bytes + 32), vld1q_u8(table_bytes + 48)}};
  const uint8x16_t six_bits = vdupq_n_u8(63);
  for (; size >= 48; size -= 48, from += 48, to += 64) {
    const uint8x16x3_t in = vld3q_u8(reinterpret_cast<const std::uint8_t*>(from));
    uint8x16x4_t out;
    out.val[0] = vshrq_n_u8(in.val[0], 2);
    out.val[1] = vandq_u8(vorrq_u8(vshrq_n_u8(in.val[1], 4), vshlq_n_u8(in.val[0], 4)), six_bits);
    out.val[2] = vandq_u8(vorrq_u8(vshrq_n_u8(in.val[2], 6), vshlq_n_u8(in.val[1], 2)), six_bits);
    out.val[3] = vandq_u8(in.val[2], six_bits);
    for (auto& sextets : out.val) sextets = vqtbl4q_u8(table, sextets);
    vst4q_u8(reinterpret_cast<std::uint8_t*>(to), out);
  }
  encode_scalar(from, size, to);
}

#endif

ProcessorPaths<Path, 3> find() noexcept {
  ProcessorPaths<Path, 3> found({"scalar", &encode_scalar});
#ifdef KIMISTREAM_BASE64_X86
  // Also asks whether the operating system saves the wide registers.
  if (__builtin_cpu_supports("avx2")) found.add({"avx2", &encode_avx2});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi"))
    found.add({"avx512vbmi", &encode_avx512});
#endif
#ifdef KIMISTREAM_BASE64_NEON
  found.add({"neon", &encode_neon});  // every 64-bit ARM processor has it
#endif
  return found;
}

}  // namespace

std::span<const Path> paths() noexcept {
  static const auto found = find();
  return found.all();
}

[[maybe_unused]] static const auto found_at_load = paths();

void encode(const char* from, std::size_t size, char* to) noexcept { paths().back().encode(from, size, to); }

}  // namespace kimistream::media::base64
