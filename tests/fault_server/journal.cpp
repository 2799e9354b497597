#include "fault_server/journal.hpp"

#include <utility>

#include "fault_server/encoding.hpp"

namespace kimistream::testing {
namespace {

using Lock = std::lock_guard<std::mutex>;

template <class Entry>
void keep(std::deque<Entry>& entries, Entry entry) {
  entries.push_back(std::move(entry));
  if (entries.size() > Journal::kept_entries) entries.pop_front();
}

std::string key(std::string_view name) { return json_string(name) + ":"; }

template <class Number>
std::string member(std::string_view name, Number value) {
  return key(name) + std::to_string(value);
}

std::string member(std::string_view name, std::string_view value) { return key(name) + json_string(value); }

std::string to_json(const ReceivedRequest& entry) {
  return "{" + member("connection", entry.connection) + "," + member("script", std::string_view(entry.script)) + "," +
         member("attempt", entry.attempt) + "," + member("head", std::string_view(base64(entry.request.head))) + "," +
         member("body", std::string_view(base64(entry.request.body))) + "," +
         member("body_bytes", entry.request.body_bytes) + "," + member("body_crc32", entry.request.body_crc32) + "}";
}

std::string to_json(const ClientClose& entry) {
  return "{" + member("connection", entry.connection) + "," + member("script", std::string_view(entry.script)) + "," +
         member("attempt", entry.attempt) + "," + member("during", std::string_view(entry.during)) + "}";
}

template <class Entry>
std::string to_json(const std::deque<Entry>& entries) {
  std::string json = "[";
  for (const auto& entry : entries) json += (json.size() > 1 ? "," : "") + to_json(entry);
  return json += "]";
}

}  // namespace

int Journal::opened() {
  const Lock lock(mutex_);
  ++connections_;
  ++open_;
  return ++numbered_;
}

void Journal::became_control(int connection) {
  const Lock lock(mutex_);
  if (connection > numbered_before_clear_) --connections_;
  --open_;
}

void Journal::ended(bool control) {
  const Lock lock(mutex_);
  if (!control) --open_;
}

std::size_t Journal::began(const std::string& script) {
  const Lock lock(mutex_);
  ++requests_;
  return scripts_[script].requests++;
}

void Journal::received(ReceivedRequest request) {
  const Lock lock(mutex_);
  keep(received_, std::move(request));
}

void Journal::sent(const std::string& script, std::size_t bytes, bool late) {
  const Lock lock(mutex_);
  PerScript& seen = scripts_[script];
  seen.bytes_sent += bytes;
  seen.late_sends += late;
}

void Journal::closed_by_client(ClientClose close) {
  const Lock lock(mutex_);
  keep(closes_, std::move(close));
  ++all_closes_;
  changed_.notify_all();
}

void Journal::clear() {
  const Lock lock(mutex_);
  connections_ = 0;
  numbered_before_clear_ = numbered_;
  requests_ = 0;
  scripts_.clear();
  received_.clear();
  closes_.clear();
  all_closes_ = 0;
}

int Journal::connections() const {
  const Lock lock(mutex_);
  return connections_;
}

int Journal::open_connections() const {
  const Lock lock(mutex_);
  return open_;
}

int Journal::requests() const {
  const Lock lock(mutex_);
  return requests_;
}

int Journal::requests(const std::string& script) const {
  const Lock lock(mutex_);
  const auto found = scripts_.find(script);
  return found == scripts_.end() ? 0 : static_cast<int>(found->second.requests);
}

std::size_t Journal::bytes_sent(const std::string& script) const {
  const Lock lock(mutex_);
  const auto found = scripts_.find(script);
  return found == scripts_.end() ? 0 : found->second.bytes_sent;
}

int Journal::late_sends(const std::string& script) const {
  const Lock lock(mutex_);
  const auto found = scripts_.find(script);
  return found == scripts_.end() ? 0 : found->second.late_sends;
}

std::vector<ReceivedRequest> Journal::received() const {
  const Lock lock(mutex_);
  return {received_.begin(), received_.end()};
}

std::vector<ClientClose> Journal::closes() const {
  const Lock lock(mutex_);
  return {closes_.begin(), closes_.end()};
}

bool Journal::wait_for_closes(std::size_t count, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return all_closes_ >= count; });
}

std::string Journal::stats_json() const {
  const Lock lock(mutex_);
  std::string scripts;
  for (const auto& [id, seen] : scripts_) {
    if (!scripts.empty()) scripts += ",";
    scripts += key(id) + "{" + member("requests", seen.requests) + "," + member("bytes_sent", seen.bytes_sent) + "," +
               member("late_sends", seen.late_sends) + "}";
  }
  return "{" + member("connections", connections_) + "," + member("open", open_) + "," + member("requests", requests_) +
         "," + key("scripts") + "{" + scripts + "}," + key("closes") + to_json(closes_) + "," + key("last_request") +
         (received_.empty() ? "null" : to_json(received_.back())) + "}";
}

std::string Journal::requests_json() const {
  const Lock lock(mutex_);
  return to_json(received_);
}

}  // namespace kimistream::testing
