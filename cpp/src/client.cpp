#include "kimistream/client.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "address.hpp"
#include "characters.hpp"
#include "client_impl.hpp"
#include "kimistream/version.hpp"
#include "net/forks.hpp"
#include "redact.hpp"
#include "refuse.hpp"
#include "rules/check.hpp"
#include "wire/encode.hpp"

namespace kimistream {
namespace {

const Provider& choose_provider(const ClientOptions& options) {
  if (!options.provider.empty()) return provider_named(options.provider);
  if (!options.base_url.empty())
    if (const Provider* row = find_provider_by_address(options.base_url)) return *row;
  return *providers().front();
}

void check_key(const std::string& key, const Destination& destination) {
  // Whether another host wants one, as a proxy or a server of one's own, is not known.
  if (key.empty() && destination.provider->needs_key && is_at_home(*destination.provider, destination.base_url))
    refuse("no API key for provider \"" + destination.provider->name + "\": set ClientOptions::api_key");
  // The key itself is not shown, not even the character that is wrong in it.
  if (std::any_of(key.begin(), key.end(), [](char c) { return c <= 0x20 || c >= 0x7F; }))
    refuse(
        "the API key has white space, a line break or another character that no key has: was it read from a file "
        "with a newline at its end? Strip it");
}

// Transports that wait: of single streams, with a connection each; of runs, with as many as were under way at once.
constexpr std::size_t most_idle = 64, most_idle_crowds = 2;

void check_places(const std::string& url) {
  if (const std::size_t open = url.find('{'); open != std::string::npos)
    refuse("the address " + url + " has a place to fill in: pass base_url with your own value for " +
           url.substr(open, url.find('}', open) - open + 1));
}

std::string key_in_clear(std::string_view base_url) {
  return "the key travels unencrypted to " + std::string(parts_of(base_url).host) +
         ": use https, or pass api_key=\"\" if the server wants none";
}

void check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers)
    if (name.empty() || has_control(name) || name.find_first_of(": ") != std::string::npos || has_control(value))
      refuse("the header \"" + (has_control(name) ? std::string("?") : name) +
             "\" has a line break or another character that a header cannot have");
}

/// With what kind of body is sent and asked for; what is said already counts.
Headers for_message(Headers headers, bool streams) {
  const char* const accept = streams ? "text/event-stream" : "application/json";
  for (const auto& [name, value] :
       {Headers::Field("Content-Type", "application/json"), Headers::Field("Accept", accept)})
    if (!headers.find(name)) headers.add(name, value);
  return headers;
}

/// An address that another row is known by says more than the row whose dialect was asked for, of the currency first.
const Provider& seller_of(const Destination& destination) {
  const Provider* at = find_provider_by_address(destination.base_url);
  return *(at && !at->currency.empty() ? at : destination.provider);
}

void check_times(int max_breaks, int continue_on_length) {
  if (max_breaks < 0) refuse("max_breaks cannot be negative; 0 mends no break");
  if (continue_on_length < 0) refuse("continue_on_length cannot be negative; 0 continues no answer");
}

}  // namespace

// ---- TransportPool ------------------------------------------------------------------------------------------------

std::unique_ptr<Transport> TransportPool::take() {
  std::vector<std::unique_ptr<Transport>> inherited;  // destroyed outside the lock
  {
    const net::NoFork guard;
    if (const int generation = net::fork_generation(); std::exchange(fork_generation_, generation) != generation)
      inherited.swap(idle_);
    closed_ = false;
    if (!idle_.empty()) {
      auto transport = std::move(idle_.back());
      idle_.pop_back();
      return transport;
    }
  }
  return factory_();
}

void TransportPool::give(std::unique_ptr<Transport> transport, int fork_generation) noexcept {
  if (fork_generation != net::fork_generation()) return;
  transport->rest();
  const net::NoFork guard;
  if (closed_ || idle_.size() >= max_idle_) return;
  idle_.push_back(std::move(transport));
}

void TransportPool::clear() noexcept {
  std::vector<std::unique_ptr<Transport>> closing;
  const net::NoFork guard;
  closing.swap(idle_);
  closed_ = true;
}

// ---- Destination --------------------------------------------------------------------------------------------------

Destination destination_of(const ClientOptions& options) {
  const Provider& row = choose_provider(options);
  if (options.base_url.empty()) return {&row, row.base_url};
  auto known = spelling_of(row, options.base_url, true);
  if (const Provider* other = known ? nullptr : find_provider_by_address(options.base_url);
      other && other->chat_path == row.chat_path)
    known = spelling_of(*other, options.base_url, true);
  return {&row, known ? std::move(*known) : checked_address(options.base_url, row)};
}

// ---- Client -------------------------------------------------------------------------------------------------------

Client::Impl::Impl(ClientOptions given)
    : options(std::move(given)),
      destination(destination_of(options)),
      model(options.model.empty() ? destination.provider->default_model : options.model),
      seller(seller_of(destination)),
      pool(options.transport ? options.transport : network_transport(), most_idle),
      crowds(pool.factory(), most_idle_crowds),
      in_clear_(is_in_clear(destination.base_url)) {
  check_places(destination.base_url);
  check_key(options.api_key, destination);
  check_headers(options.default_headers);
  check_times(options.max_breaks, options.continue_on_length);
  (void)limits_of(options.timeout, {});
  (void)models(), (void)prices();  // made by now, so that no fork finds them half made
  const Provider* provider = destination.provider;
  if (!options.api_key.empty()) {
    if (provider->auth == Auth::x_api_key)
      headers_.add("x-api-key", options.api_key);
    else
      headers_.add("Authorization", "Bearer " + options.api_key);
  }
  headers_.add("User-Agent", "kimistream/" KIMISTREAM_VERSION);
  const Headers& own = options.default_headers;
  for (const Headers* further : {&provider->headers, &own})
    for (const auto& [name, value] : *further) headers_.set(name, value);
  streamed_ = for_message(headers_, true);
  whole_ = for_message(headers_, false);
  for (Headers* headers : {&headers_, &streamed_, &whole_}) headers->share();
  secrets_ = secrets_in(headers_);
}

void Client::Impl::close() noexcept {
  pool.clear();
  crowds.clear();
}

CallSetup Client::Impl::common(std::string_view path, const Headers& headers, const Timeout& timeout) const {
  CallSetup setup;
  setup.provider = destination.provider;
  setup.key_origin = options.key_origin;
  setup.models_call = options.models_call;
  setup.request.url = destination.base_url + std::string(path);
  setup.request.headers = headers;
  setup.secrets = &secrets_;
  setup.limits = limits_of(timeout, options.timeout);
  setup.retry.max_retries = options.max_retries;
  setup.retry.total_seconds =
      std::min(setup.retry.total_seconds, std::chrono::duration<double>(setup.limits.total).count());
  setup.max_event_bytes = options.max_event_bytes;
  setup.max_body_bytes = options.max_body_bytes;
  return setup;
}

MendPolicy Client::Impl::mend_policy(const Request& request) const {
  const MendPolicy policy{.on_break = request.on_break.value_or(options.on_break),
                          .max_breaks = request.max_breaks.value_or(options.max_breaks),
                          .continue_on_length = request.continue_on_length.value_or(options.continue_on_length)};
  check_times(policy.max_breaks, policy.continue_on_length);
  return policy;
}

CallSetup Client::Impl::setup(const Request& request, bool stream, Shape shape, Written* written) const {
  const Provider& provider = *destination.provider;
  const MendPolicy policy = mend_policy(request);
  const bool gathered = !stream && policy.mends();  // asked for as a stream, so that there is something to go on from
  const bool streams = stream || gathered;
  CallSetup setup = common(provider.chat_path, streams ? streamed_ : whole_, request.timeout);
  if (!request.extra_headers.empty()) {
    check_headers(request.extra_headers);
    Headers headers = headers_;
    for (const auto& [name, value] : request.extra_headers) headers.set(name, value);
    setup.request.headers = for_message(std::move(headers), streams);
    setup.secrets = nullptr;  // theirs count, too
  }
  const std::string& asked = request.model.empty() ? model : request.model;
  std::vector<rules::Finding> known;
  if (in_clear_ && has_key(setup.request.headers))
    known.push_back(
        {.code = "key_in_clear", .message = key_in_clear(destination.base_url), .certain = true, .fix = {}});
  std::vector<Notice> notices;
  std::optional<Request> changed;  // what the rules made of it
  if (request.check == Check::fix)
    notices = rules::apply(changed.emplace(request), provider, asked, std::move(known), listed().get());
  else if (request.check != Check::off)
    notices = rules::report(request, provider, asked, std::move(known), listed().get());
  const Request& sent = changed ? *changed : request;
  setup.model = model_name(provider, sent.model.empty() ? model : sent.model);
  setup.request.url = destination.base_url + path_for(provider.chat_path, setup.model) + query_of(request.extra_query);
  wire::Encoded encoded = wire::encode(provider, sent, setup.model, streams, nullptr, changed ? nullptr : written);
  std::move(encoded.notices.begin(), encoded.notices.end(), std::back_inserter(notices));
  const auto named = sent.extra_body.empty() ? std::nullopt : json::text_at(sent.extra_body.text, "/model");
  setup.currency = seller.currency;
  setup.price = price(named ? *named : setup.model);  // what is merged last is what the server reads
  setup.request.body = std::move(encoded.body);
  setup.request.compressed = !streams;
  setup.request.on_upload = request.on_upload;
  if (shape == Shape::chunks)  // which have no place for them
    for (const Notice& notice : notices) setup.log.push_back(notice.message + " [" + notice.code + "]");
  setup.notices = std::move(notices);
  setup.streams = stream;
  setup.thinks = encoded.thinks;
  setup.offer = std::move(encoded.offer);
  setup.shape = shape;
  if (policy.mends()) setup.mend = {policy, std::make_shared<const Request>(sent)};
  return setup;
}

CallSetup Client::Impl::setup(const ResourceRequest& request) const {
  CallSetup setup = common(request.path, headers_, request.timeout);
  setup.request.method = request.method;
  setup.request.headers.add("Accept", "application/json");
  if (request.body) setup.request.headers.add("Content-Type", request.content_type);
  if (in_clear_ && has_key(setup.request.headers) && !logged_in_clear_.exchange(true))
    setup.log.push_back(key_in_clear(destination.base_url));
  setup.request.body = request.body;
  setup.request.compressed = true;
  setup.request.on_upload = request.on_upload;
  setup.shape = Shape::chunks;
  setup.raw = true;
  setup.bytes = request.bytes;
  setup.creates = setup.request.fresh_connection = request.creates;
  return setup;
}

const Price* Client::Impl::price(std::string_view of) const noexcept {
  const std::string_view spelled = model_name(*destination.provider, of.empty() ? model : of);
  const Price* own = find_price(options.prices, seller.name, spelled);
  return own ? own : find_price(prices(), seller.name, spelled);
}

void Client::Impl::learn_models(const Json& list) {
  auto listed = std::make_shared<const rules::Listed>(list.text);
  const std::lock_guard lock(listed_mutex_);
  listed_ = listed->empty() ? nullptr : std::move(listed);
}

std::shared_ptr<const rules::Listed> Client::Impl::listed() const {
  const std::lock_guard lock(listed_mutex_);
  return listed_;
}

void Client::learn_models(const Json& list) { impl_->learn_models(list); }

Client::Client(ClientOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() {
  if (impl_) impl_->close();
}

const Provider& Client::provider() const noexcept { return *impl_->destination.provider; }
const std::string& Client::base_url() const noexcept { return impl_->destination.base_url; }
const std::string& Client::model() const noexcept { return impl_->model; }
const Price* Client::price(std::string_view model) const noexcept { return impl_->price(model); }
const Timeout& Client::timeout() const noexcept { return impl_->options.timeout; }
void Client::close() noexcept { impl_->close(); }

HttpRequest Client::prepare(const Request& request, bool stream, Written* written) const {
  HttpRequest prepared = impl_->setup(request, stream, Shape::events, written).request;
  redact(prepared.headers, secrets_in(prepared.headers));
  return prepared;
}

Stream Client::start(const Request& request, bool stream, Shape shape, Written* written) {
  return Stream(std::make_shared<Stream::Impl>(impl_, impl_->setup(request, stream, shape, written)));
}

Stream Client::start(const ResourceRequest& request) {
  return Stream(std::make_shared<Stream::Impl>(impl_, impl_->setup(request)));
}

Stream Client::stream(const Request& request, Shape shape) {
  Stream stream = start(request, true, shape);
  while (stream.state() == Stream::State::opening) stream.wait(std::chrono::hours(1));
  if (stream.error() && !stream.opened()) throw Exception(*stream.error());
  return stream;
}

Message Client::complete(const Request& request) { return start(request, false, Shape::events).message(); }

Json Client::get(std::string_view path) { return send({.path = std::string(path)}); }

Json Client::send(const ResourceRequest& request) {
  Stream stream = start(request);
  auto chunk = stream.next_chunk();
  Json answer{chunk ? std::move(*chunk).json() : std::string()};
  if (request.method == "GET" && !provider().models_path.empty() && request.path == provider().models_path)
    learn_models(answer);
  return answer;
}

}  // namespace kimistream
