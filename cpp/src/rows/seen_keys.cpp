#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "kimistream/rows.hpp"

namespace kimistream {
namespace {

constexpr std::size_t fewest_slots = 1024;

}  // namespace

/// Where it stands, or would. There is an empty slot.
std::size_t SeenKeys::slot_of(std::string_view hash) const noexcept {
  std::uint64_t at = 0;
  std::memcpy(&at, hash.data(), sizeof at);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(at) & mask;
  while (slots_[slot].number != 0 && std::string_view(slots_[slot].hash.data(), hash.size()) != hash)
    slot = (slot + 1) & mask;
  return slot;
}

std::optional<std::uint64_t> SeenKeys::find(std::string_view hash) const noexcept {
  if (slots_.empty() || hash.size() != sizeof(Slot::hash)) return std::nullopt;
  const std::uint64_t number = slots_[slot_of(hash)].number;
  return number == 0 ? std::nullopt : std::optional(number - 1);
}

void SeenKeys::put(std::string_view hash, std::uint64_t number) {
  if (hash.size() != sizeof(Slot::hash)) throw std::invalid_argument("a key's hash has 16 bytes");
  if (size_ >= slots_.size() / 4 * 3) grow();
  Slot& slot = slots_[slot_of(hash)];
  if (slot.number == 0) ++size_;
  std::copy(hash.begin(), hash.end(), slot.hash.begin());
  slot.number = number + 1;
}

void SeenKeys::grow() {
  std::vector<Slot> before(std::max(fewest_slots, slots_.size() * 2));
  before.swap(slots_);
  for (const Slot& slot : before)
    if (slot.number != 0) slots_[slot_of({slot.hash.data(), slot.hash.size()})] = slot;
}

std::vector<std::pair<std::string, std::uint64_t>> SeenKeys::take() {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  all.reserve(size_);
  for (const Slot& slot : slots_)
    if (slot.number != 0) all.emplace_back(std::string(slot.hash.data(), slot.hash.size()), slot.number - 1);
  std::sort(all.begin(), all.end());
  slots_ = {};
  size_ = 0;
  return all;
}

}  // namespace kimistream
