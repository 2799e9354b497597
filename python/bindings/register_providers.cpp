// The table of providers, and the count of a prompt's tokens.
#include "common.hpp"

namespace kimistream::python {
namespace {

const Provider& row_named(const py::object& name) {
  const std::string wanted = from_str(name, "provider");
  if (const Provider* row = find_provider(wanted)) return *row;
  throw Exception(invalid_request("unknown provider \"" + wanted + "\""));
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
