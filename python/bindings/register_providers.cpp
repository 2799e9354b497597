// The table of providers, and the count of a prompt's tokens.
#include "common.hpp"

namespace kimistream::python {
namespace {

const Provider& row_named(const py::object& name) { return provider_named(from_str(name, "provider")); }

py::list texts(const std::vector<std::string>& values) {
  py::list list;
  for (const std::string& value : values) list.append(text(value));
  return list;
}

}  // namespace

void register_providers(py::module_& module) {
  module.def("provider_names", [] {
    py::list names;
    for (const Provider* row : providers()) names.append(text(row->name));
    return names;
  });

  module.def(
      "provider_row",
      [](const py::object& name, const py::object& base) {
        return loads(to_json(row_named(name), base.is_none() ? nullptr : &row_named(base)).text);
      },
      py::arg("name"), py::arg("base") = py::none(),
      "The row of this name: all of it, or what differs from the row named `base`.");

  module.def(
      "trusted_certificates", [] { return text(trusted_certificates()); },
      "The file or directory of certificates that variables or the system name; \"\" where there is none.");
  module.def(
      "destination",
      [](const py::object& provider, const py::object& base_url) {
        const Destination asked =
            destination_of({.provider = from_str(provider, "provider"), .base_url = from_str(base_url, "base_url")});
        py::dict fields;
        fields["provider"] = text(asked.provider->name);
        fields["base_url"] = text(asked.base_url);
        fields["account_variable"] = text(asked.provider->account_variable);
        fields["at_home"] = is_at_home(*asked.provider, asked.base_url);
        fields["needs_key"] = asked.provider->needs_key;
        fields["key_variables"] = texts(asked.provider->key_variables);
        return fields;
      },
      py::arg("provider"), py::arg("base_url"), "Whom a client with these arguments would ask.");

  module.def(
      "key_may_go",
      [](const py::object& variable, const py::object& base_url) {
        return key_may_go(from_str(variable, "variable"), from_str(base_url, "base_url"));
      },
      py::arg("variable"), py::arg("base_url"), "Whether the key in this variable may be sent to this address.");

  module.def(
      "register_provider",
      [](const py::object& row) { return text(register_provider(provider_from_json({dumps(row)})).name); },
      py::arg("row"), "Adds a row, or replaces one of the same name. Gives its name.");

  module.def(
      "check_provider", [](const py::object& row) { return loads(to_json(provider_from_json({dumps(row)})).text); },
      py::arg("row"), "The whole row that these fields amount to; registers nothing.");

  module.def(
      "estimate_tokens",
      [](const py::tuple& arguments, bool tools_only) {
        const Request request = to_request(arguments);
        return tools_only ? estimate_tool_tokens(request) : estimate_tokens(request);
      },
      py::arg("arguments"), py::arg("tools_only") = false, "A guess at a prompt's tokens.");

  module.def(
      "read_token_count", [](const py::object& answer) { return read_token_count({from_str(answer, "answer")}); },
      py::arg("answer"));

  module.def(
      "body_text", [](const SharedPtr& stream) { return text(wait_for_body(*stream)); }, py::arg("stream"),
      "The body of an answer that came whole, as JSON text: numbers as they were written.");
}

}  // namespace kimistream::python
