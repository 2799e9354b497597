#include "wire/rewriter.hpp"

namespace kimistream::wire {

Rewriter::Rewriter(const Provider& provider, ThinkingMode thinking, Written* written) : written_(written) {
  if (!written) return;
  if (written->row_ != &provider || written->thinking_ != thinking) written->entries_.clear();
  written->row_ = &provider;
  written->thinking_ = thinking;
}

std::shared_ptr<const std::string> Rewriter::find(const Turn& turn) const {
  if (turn.position >= written_->entries_.size()) return nullptr;
  const Written::Entry& entry = written_->entries_[turn.position];
  return entry.calls == turn.changed_calls && entry.id == turn.changed_id ? entry.json : nullptr;
}

json::Tree Rewriter::keep(const Turn& turn, const json::Tree& message) {
  auto json = std::make_shared<std::string>();
  message.write(*json);
  json->shrink_to_fit();
  if (turn.position >= written_->entries_.size()) written_->entries_.resize(turn.position + 1);
  written_->entries_[turn.position] = {json, turn.changed_calls, turn.changed_id};
  ++written_->encoded_;
  return json::Tree::written(std::move(json));
}

}  // namespace kimistream::wire
