#include "advice.hpp"

#include <algorithm>
#include <string>

#include "address.hpp"
#include "loopback.hpp"
#include "rules/naming.hpp"
#include "wire/errors.hpp"
#include "wire/triage.hpp"

namespace kimistream {
namespace {

using wire::add_sentence;

bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
           return equal_ignoring_case({&a, 1}, {&b, 1});
         }) != text.end();
}

bool speaks_of_the_model(const Error& error, std::string_view model) {
  constexpr std::string_view word = "model";
  return contains(error.message, word) || contains(error.code, word) || error.param == word ||
         (!model.empty() && contains(error.message, model));
}

void advise_on_key(const Asked& asked, Error& error) {
  if (!asked.with_key)
    add_sentence(error.message, "No key was sent.");
  else if (!asked.key_origin.empty())
    add_sentence(error.message, "The key came from " + std::string(asked.key_origin) + ".");
  // What is said of a provider's keys holds at its own hosts; one's own server is wherever one put it.
  const Provider& row = asked.provider;
  if (error.reason == "key" && (is_at_home(row, asked.url) || is_loopback(parts_of(row.base_url).host)))
    add_sentence(error.message, row.key_advice);
}

/// @return the model that was probably meant, "" where none comes near
std::string advise_on_model(const Asked& asked, Error& error) {
  std::string meant = rules::meant_model(asked.provider, asked.model);
  if (meant == asked.model) meant.clear();
  if (!meant.empty()) add_sentence(error.message, "Did you mean " + meant + "?");
  const std::string call =
      asked.models_call.empty() ? "client.get(\"" + asked.provider.models_path + "\")" : std::string(asked.models_call);
  add_sentence(error.message, call + " tells what is served");
  return meant;
}

void advise_on_address(const Asked& asked, Error& error) {
  const Provider& row = asked.provider;
  const auto is_of = [&](const std::string& path) { return asked.url.ends_with(path); };
  const std::string_view whole = parts_of(row.base_url).path, path = parts_of(asked.url).path;
  const std::string_view ending = whole.substr(whole.rfind('}') + 1);  // behind a place that is filled in
  const bool has_ending = (std::string(path) + '/').find(std::string(ending) + '/') != std::string::npos;
  // Below the right address it may be a file that is gone, or a resource that not everybody has.
  if (has_ending && !is_of(row.chat_path) && !is_of(row.models_path)) return;
  add_sentence(error.message, "Nothing answers at " + std::string(asked.url) + ": is base_url right?");
  if (!has_ending) add_sentence(error.message, row.name + "'s ends in " + std::string(ending));
}

/// @param meant the model that was guessed already: no warning need guess it again
void quote_warnings(const std::vector<Notice>& warnings, const std::string& meant, Error& error) {
  std::vector<std::string> found;
  for (const Notice& notice : warnings)
    if (notice.code != "retried" && (meant.empty() || !contains(notice.message, "\"" + meant + "\"?")))
      found.push_back(notice.message + " [" + notice.code + "]");
  if (found.size() == 1) add_sentence(error.message, "Before it was sent: " + found.front());
  if (found.size() < 2) return;
  add_sentence(error.message, "Before it was sent:");
  for (const std::string& each : found) error.message += "\n  " + each;
}

}  // namespace

void advise(const Asked& asked, Error& error) {
  if (error.status_code == 401 || error.status_code == 403) advise_on_key(asked, error);
  std::string meant;
  if (error.status_code == 404 && speaks_of_the_model(error, asked.model) && !asked.model.empty())
    meant = advise_on_model(asked, error);
  else if (error.status_code == 404 && !asked.accepted)
    advise_on_address(asked, error);
  // What the checks had said may be the reason, and nobody has seen it yet.
  if (!asked.accepted && wire::is_refusal(error)) quote_warnings(asked.warnings, meant, error);
}

}  // namespace kimistream
