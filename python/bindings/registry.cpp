#include "common.hpp"

namespace kimistream::python {

Registry& registry() {
  static auto* classes = new Registry;  // never destroyed: at the end there is no interpreter to give them back to
  return *classes;
}

void register_registry(py::module_& module) {
  module.def(
      "register",
      [](const py::kwargs& classes) {
        const auto keep = [&](const char* name, PyObject*& place) {
          place = py::object(classes[name]).release().ptr();
        };
        Registry& all = registry();
        all.message = ValueClass(classes["message"]);
        all.tool_call = ValueClass(classes["tool_call"]);
        all.usage = ValueClass(classes["usage"]);
        all.finish = ValueClass(classes["finish"]);
        all.notice = ValueClass(classes["notice"]);
        all.restarted = ValueClass(classes["restarted"]);
        keep("headers", all.headers);
        keep("make_error", all.make_error);
        keep("log", all.log);
        keep("warn", all.warn);
        keep("object", all.object);
        keep("extra", all.extra);
        keep("other_name", all.other_name);
        keep("counterpart", all.counterpart);
        keep("completion", all.completion);
        keep("completion_chunk", all.completion_chunk);
      },
      "Names the Python classes that the core makes objects of.");
  module.def(
      "register_pictures", [](py::object function) { registry().picture = function.release().ptr(); },
      py::arg("function"), "Names what makes an Image of another library's picture, and None of anything else.");
}

}  // namespace kimistream::python
