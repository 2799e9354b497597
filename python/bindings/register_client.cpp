#include <algorithm>

#include "resent.hpp"

namespace kimistream::python {
namespace {

std::string whole(Body& body) {
  std::string all;
  all.reserve(body.size());
  std::array<char, 64 * 1024> block;
  for (auto& [text, source] : body.segments) {
    if (!source) all += text;
    while (const std::size_t read = source ? source->read(block.data(), block.size()) : 0)
      all.append(block.data(), read);
  }
  return all;
}

Shape shape_of(bool chunks) { return chunks ? Shape::chunks : Shape::events; }

/// @param waits for what comes first, in the same breath: giving the GIL up and taking it back again costs something
Shared start(Client& client, const py::tuple& arguments, bool stream, Shape shape, bool waits = false) {
  Asked asked(arguments, stream);
  std::optional<Stream> opened;
  {
    InTheCore working;
    opened.emplace(client.start(asked.request, stream, shape, asked.written()));
    working.waits_for(*opened);
    if (waits) opened->wait(wait_slice());
  }
  Shared shared(std::move(*opened));
  if (waits && !after_wait(shared.stream)) throw py::error_already_set();
  return shared;
}

}  // namespace

void register_client(py::module_& module) {
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Exception& exception) {
      set_error(exception.error());
    }
  });

  py::class_<Client>(module, "Client", "The client of the core. kimistream.Kimi is its face.")
      .def(py::init([](const py::object& provider, const py::object& base_url, const py::object& api_key,
                       const py::object& model, const py::object& timeout, const py::object& max_retries,
                       const py::object& default_headers, const py::object& key_origin, const py::object& on_break,
                       const py::object& max_breaks, const py::object& continue_on_length, const py::object& cassette,
                       const py::object& history, const py::object& history_label, const py::object& prices,
                       const py::object& certificates) {
             // Objects, checked here: pybind11 shows all arguments, the key too, when it cannot convert one.
             ClientOptions options{.provider = from_str(provider, "provider"),
                                   .base_url = from_str(base_url, "base_url")};
             if (!api_key.is_none()) options.api_key = from_str(api_key, "api_key");
             options.model = from_str(model, "model");
             options.timeout = to_timeout(timeout);
             options.max_retries =
                 static_cast<int>(std::min<std::int64_t>(to_count(max_retries, "max_retries"), 1'000'000));
             options.on_break = to_on_break(on_break).value_or(options.on_break);
             options.max_breaks = to_times(max_breaks, "max_breaks").value_or(options.max_breaks);
             options.continue_on_length =
                 to_times(continue_on_length, "continue_on_length").value_or(options.continue_on_length);
             options.default_headers = to_headers(default_headers, "default_headers");
             options.key_origin = from_str(key_origin, "key_origin");
             options.models_call = "client.models.list()";
             options.prices = to_prices(prices);
             options.transport = recorded(from_str(certificates, "certificates"), cassette, history, history_label);
             return std::make_unique<Client>(std::move(options));
           }),
           py::arg("provider"), py::arg("base_url"), py::arg("api_key"), py::arg("model"), py::arg("timeout"),
           py::arg("max_retries"), py::arg("default_headers"), py::arg("key_origin") = "",
           py::arg("on_break") = py::none(), py::arg("max_breaks") = py::none(),
           py::arg("continue_on_length") = py::none(), py::arg("cassette") = py::none(),
           py::arg("history") = py::none(), py::arg("history_label") = "", py::arg("prices") = py::none(),
           py::arg("certificates") = "")
      .def(
          "start",
          [](Client& self, const py::tuple& arguments, bool stream, bool chunks) {
            return std::make_shared<Shared>(start(self, arguments, stream, shape_of(chunks)));
          },
          py::arg("arguments"), py::arg("stream"), py::arg("chunks"),
          "Starts a request; returns before anything has come.")
      .def(
          "complete",
          [](Client& self, const py::tuple& arguments) {
            Shared shared = start(self, arguments, false, Shape::events, true);
            drain(shared);
            return from_message(shared.stream.partial());
          },
          py::arg("arguments"), "Asks for a whole answer and waits for it.")
      .def(
          "complete_chat",
          [](Client& self, const py::tuple& arguments) {
            Shared shared = start(self, arguments, false, Shape::chunks, true);
            const std::string body = wait_for_body(shared);
            return from_completion(body, std::string(shared.stream.request_id()));
          },
          py::arg("arguments"), "The same in the OpenAI shape: a ChatCompletion.")
      .def(
          "send",
          [](Client& self, const py::object& path, const py::object& method, const py::object& body,
             const py::object& timeout) {
            return std::make_shared<Shared>(self.start(to_resource(path, method, body, timeout)));
          },
          py::arg("path"), py::arg("method") = "GET", py::arg("body") = py::none(), py::arg("timeout") = py::none(),
          "Starts a request to another resource; `body` is JSON text.")
      .def(
          "count_tokens",
          [](Client& self, const Client& client, const py::tuple& arguments) {
            return std::make_shared<Shared>(self.start(token_count_request(client, to_request(arguments))));
          },
          py::arg("client"), py::arg("arguments"),
          "Starts a request for the count of a prompt's tokens. The same arguments as a reactor's: steps know no "
          "other.")
      .def(
          "learn_models", [](Client& self, const py::object& list) { self.learn_models({dumps(list)}); },
          py::arg("list"), "Takes in what the provider says of its models, for those that the table does not know.")
      .def(
          "prepare",
          [](const Client& self, const py::tuple& arguments, bool stream) {
            Asked asked(arguments, stream);
            const HttpRequest request = self.prepare(asked.request, stream, asked.written());
            py::list headers;
            for (const auto& [name, value] : request.headers) headers.append(py::make_tuple(text(name), text(value)));
            return py::make_tuple(text(request.url), headers, py::bytes(whole(*request.body)));
          },
          py::arg("arguments"), py::arg("stream"),
          "What `start` would send: its address, its headers without the keys, its body.")
      .def("close", &Client::close)
      .def_property_readonly("provider", [](const Client& self) { return text(self.provider().name); })
      .def_property_readonly("base_url", [](const Client& self) { return text(self.base_url()); })
      .def_property_readonly("model", [](const Client& self) { return text(self.model()); })
      .def_property_readonly(
          "total", [](const Client& self) { return from_clock(self.timeout().total); },
          "Seconds that a call may take in all, where its own timeout does not say.")
      .def_property_readonly(
          "row", [](const Client& self) { return loads(to_json(self.provider()).text); },
          "The provider's row as a dict, made anew each time.")
      .def_property_readonly(
          "currency",
          [](const Client& self) {
            // An address that another row is known by says more than the row whose dialect was asked for.
            const Provider* at = find_provider_by_address(self.base_url());
            return text((at ? *at : self.provider()).currency);
          },
          "Of balance and cost; \"\" where it is not known.");

  module.def(
      "replay",
      [](const std::string& provider, const py::bytes& body, bool chunks, std::size_t block_bytes) {
        const std::string text = body;
        auto script = std::make_shared<Script>();
        ScriptedResponse response;
        for (std::size_t at = 0; at < text.size(); at += block_bytes)
          response.blocks.push_back(text.substr(at, block_bytes));
        script->responses.push_back(std::move(response));
        Client client{{.provider = provider,
                       .base_url = "https://replay.invalid",
                       .api_key = "sk-replay",
                       .transport = scripted_transport(std::move(script))}};
        return std::make_shared<Shared>(client.start({.messages = {user("replay")}}, true, shape_of(chunks)));
      },
      py::arg("provider"), py::arg("body"), py::arg("chunks") = false, py::arg("block_bytes") = 16 * 1024,
      "Plays a recorded event stream as if a server had sent it, without a network.");
}

}  // namespace kimistream::python
