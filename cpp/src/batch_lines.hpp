// The lines of a batch's files: a request as the provider reads it, an answer as it writes it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/tree.hpp"
#include "kimistream/batches.hpp"
#include "kimistream/scripted_transport.hpp"

namespace kimistream {

inline constexpr std::string_view batch_endpoint = "/v1/chat/completions";

/// The requests as one file of at most `max_batch_bytes`.
/// @throws Exception (invalid_request)
[[nodiscard]] std::string batch_file(const Client& client, std::span<const BatchRequest> requests);

/// The custom_ids of a batch's input file, in its order.
[[nodiscard]] std::vector<std::string> ids_of(std::string_view file);

/// Lines of an output or error file by their custom_id.
using BatchLines = std::map<std::string, json::Tree, std::less<>>;
/// Adds those of a file; of two with one custom_id the later counts. What is no such line is left out.
void add_lines(BatchLines& lines, std::string_view file);

/// Reads lines as the client reads the answer to a single request.
class BatchReader {
 public:
  explicit BatchReader(const Client& client);
  /// @param line null: neither file has one
  [[nodiscard]] BatchResult result(std::string custom_id, const json::Tree* line, const Batch& batch);

 private:
  /// @throws Exception as `Client::complete`, likewise the next
  [[nodiscard]] Message message(const json::Tree& line);
  [[nodiscard]] Message answer(int status, std::string body);

  const Client& client_;
  std::shared_ptr<Script> script_;
  Client replaying_;
};

}  // namespace kimistream
