#include "common.hpp"

// The GIL is what keeps a stream's Python side whole: on a free-threaded build the interpreter takes it back as it
// loads this module, and says so.
PYBIND11_MODULE(_core, module) {
  using namespace kimistream::python;
  module.doc() = "The C++ core of kimistream. Use the names of the package kimistream instead.";
  module.attr("__version__") = KIMISTREAM_VERSION;
  InTheCore::watch_the_end();
  warn_without_gil();
  register_registry(module);
  register_json(module);
  register_events(module);
  register_chunks(module);
  register_iterators(module);
  register_stream(module);
  register_recording(module);
  register_client(module);
  register_reactor(module);
  register_bulk(module);
  register_rows(module);
  register_providers(module);
  register_media(module);
  register_files(module);
  register_timeouts(module);
  register_retelling(module);
  register_prices(module);
  register_resent(module);
}
