// What a small request costs at least with libcurl: one easy handle, one kept connection, no JSON.
// kimistream_floor_curl URL COUNT. Prints one JSON line.
#include <curl/curl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

double microseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: kimistream_floor_curl URL COUNT\n");
    return 2;
  }
  const int requests = std::max(1, std::atoi(arguments[2]));
  const char* body = R"({"model":"kimi-k2.6","messages":[{"role":"user","content":"q"}],"stream":false})";
  std::string answer;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* easy = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Authorization: Bearer sk-x");
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, arguments[1]);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  const int batch = std::max(1, requests / 10);
  std::vector<double> wall;
  double cpu = 0;                                // of the batch that was disturbed least, as in clients.py
  for (int i = 0; i <= requests / batch; ++i) {  // the first one warms up
    const double cpu_start = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int each = 0; each < batch; ++each) {
      answer.clear();
      const double start = microseconds(CLOCK_MONOTONIC);
      if (curl_easy_perform(easy) != CURLE_OK || answer.empty()) return 1;
      if (i > 0) wall.push_back(microseconds(CLOCK_MONOTONIC) - start);
    }
    const double one = (microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) / batch;
    if (i > 0) cpu = cpu == 0 ? one : std::min(cpu, one);
  }
  std::sort(wall.begin(), wall.end());
  std::printf("{\"cpu_us\": %.2f, \"p50\": %.2f, \"p99\": %.2f, \"count\": %d}\n", cpu, wall[wall.size() / 2],
              wall[wall.size() * 99 / 100], requests);
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  curl_global_cleanup();
}
