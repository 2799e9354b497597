// Several ways to do one thing, of which the processor that the program runs on decides which there are.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace kimistream {

/// Ways of one kind, `most` at most, slowest first. Made once, at load: a lock around a first use could be held at a
/// fork.
template <class Path, std::size_t most>
class ProcessorPaths {
 public:
  /// @param everywhere  the way that every processor can go
  explicit ProcessorPaths(const Path& everywhere) noexcept : rows_{everywhere} {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();  // for __builtin_cpu_supports: other initialisers may come before libgcc's
#endif
  }

  void add(const Path& path) noexcept { rows_[count_++] = path; }

  [[nodiscard]] std::span<const Path> all() const noexcept { return {rows_.data(), count_}; }

 private:
  std::array<Path, most> rows_;
  std::size_t count_ = 1;
};

}  // namespace kimistream
