#include "common.hpp"

PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used()) {
  using namespace kimistream::python;
  module.doc() = "The C++ core of kimistream. Use the names of the package kimistream instead.";
  module.attr("__version__") = KIMISTREAM_VERSION;
  InTheCore::watch_the_end();
  register_registry(module);
  register_json(module);
  register_events(module);
  register_chunks(module);
  register_iterators(module);
  register_stream(module);
  register_recording(module);
  register_client(module);
  register_reactor(module);
  register_providers(module);
  register_media(module);
  register_files(module);
  register_retelling(module);
  register_timeouts(module);
}
