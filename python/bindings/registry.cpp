#include "common.hpp"

namespace kimistream::python {

Registry& registry() {
  static Registry classes;  // lives as long as the process, like the module
  return classes;
}

void register_registry(py::module_& module) {
  module.def(
      "register",
      [](const py::kwargs& classes) {
        const auto keep = [&](const char* name, PyObject*& place) {
          place = py::object(classes[name]).release().ptr();
        };
        Registry& all = registry();
        keep("message", all.message);
        keep("tool_call", all.tool_call);
        keep("usage", all.usage);
        keep("finish", all.finish);
        keep("notice", all.notice);
        keep("headers", all.headers);
        keep("make_error", all.make_error);
        keep("log", all.log);
        keep("completion_chunk", all.completion_chunk);
      },
      "Names the Python classes that the core makes objects of.");
}

}  // namespace kimistream::python
