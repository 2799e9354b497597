// Pictures and videos as parts of a message. What a path, a buffer or an address means is decided in the core; which of
// them a Python object is, in kimistream/_media.py.
#include "common.hpp"

namespace kimistream::python {
namespace {

/// Nothing of Python may be touched any more, by other threads than the one that ends it at least.
bool python_ends() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

/// Requests let go of their bodies wherever they end, also where the GIL is not held.
template <class Function>
void with_gil(Function function) {
  if (!Py_IsInitialized() || python_ends()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  function();
  PyGILState_Release(state);
}

MediaOptions media_options() {
  MediaOptions options;
  options.on_signal = [] {
    const py::gil_scoped_acquire held;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  };
  return options;
}

Part part_of(Media media, bool is_video) { return is_video ? video(std::move(media)) : image(std::move(media)); }

/// bytes never change, and neither does a view of them: those are sent from where they are. Anything else is copied.
bool is_constant(py::handle object) {
  if (PyBytes_CheckExact(object.ptr())) return true;
  if (!PyMemoryView_Check(object.ptr())) return false;
  const Py_buffer* view = PyMemoryView_GET_BUFFER(object.ptr());
  return view->obj && PyBytes_CheckExact(view->obj) && PyBuffer_IsContiguous(view, 'C');
}

Media media_of_buffer(py::handle object) {
  if (!is_constant(object)) {
    const auto bytes = py::reinterpret_steal<py::object>(PyBytes_FromObject(object.ptr()));
    if (!bytes) throw py::error_already_set();
    return media_of_buffer(bytes);
  }
  auto* view = new Py_buffer;
  if (PyObject_GetBuffer(object.ptr(), view, PyBUF_SIMPLE) != 0) {
    delete view;
    throw py::error_already_set();
  }
  const std::shared_ptr<const void> owner(view, [](Py_buffer* held) {
    with_gil([&] {
      PyBuffer_Release(held);
      delete held;
    });
  });
  const auto* begin = static_cast<const std::byte*>(view->buf);
  return Media::from_memory(owner, {begin, static_cast<std::size_t>(view->len)}, media_options());
}

std::string base64_of(const Part& part) {
  if (!part.media) throw py::value_error("only a picture or video that is sent within the request has bytes");
  const WithoutGil released;
  const auto source = part.media->base64();
  std::string all(static_cast<std::size_t>(source->size()), '\0');
  std::size_t done = 0;
  while (const std::size_t size = source->read(all.data() + done, all.size() - done)) done += size;
  return all;
}

}  // namespace

UploadProgress to_progress(py::handle function) {
  if (function.is_none()) return {};
  if (!PyCallable_Check(function.ptr()))
    throw py::type_error(std::string("on_upload must be a function of (sent, total), not ") +
                         Py_TYPE(function.ptr())->tp_name);
  const std::shared_ptr<PyObject> held(function.inc_ref().ptr(),
                                       [](PyObject* object) { with_gil([&] { Py_DECREF(object); }); });
  return [held](std::uint64_t sent, std::uint64_t total) {
    with_gil([&] {
      PyObject* result = PyObject_CallFunction(held.get(), "KK", static_cast<unsigned long long>(sent),
                                               static_cast<unsigned long long>(total));
      if (result) {
        Py_DECREF(result);
      } else if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();  // a Ctrl-C that met this function; it is raised where the request is waited for
        PyErr_SetInterrupt();
      } else {
        PyErr_WriteUnraisable(held.get());
      }
    });
  };
}

void register_media(py::module_& module) {
  py::class_<Part>(module, "Part",
                   "A picture or video in a message. kimistream.Image and kimistream.Video are its faces.")
      .def_property_readonly(
          "address", [](const Part& self) { return text(self.value); },
          "A URL or ms:// id; \"\" for one that is sent within the request.")
      .def_property_readonly(
          "mime_type",
          [](const Part& self) { return self.media ? text(self.media->mime_type()) : py::object(py::none()); })
      .def_property_readonly(
          "size",
          [](const Part& self) {
            return self.media ? py::object(py::int_(self.media->size())) : py::object(py::none());
          },
          "In bytes, when it was made; None for an address.")
      .def_property_readonly(
          "name", [](const Part& self) { return text(self.media ? self.media->name() : ""); },
          "Of the file, without directories; may be \"\".")
      .def(
          "base64", [](const Part& self) { return text(base64_of(self)); }, "The bytes, as base64 text.")
      .def("__eq__", [](const Part& self, const py::object& other) {
        return py::isinstance<Part>(other) && self == other.cast<const Part&>();
      });

  module.def(
      "media_from_path",
      [](const py::bytes& path, bool is_video) {
        std::string name = path;
        const WithoutGil released;
        return part_of(Media::from_file(std::move(name), media_options()), is_video);
      },
      py::arg("path"), py::arg("video"), "A file by its path, as bytes; a pipe is read at once.");
  module.def(
      "media_from_descriptor",
      [](int descriptor, std::uint64_t begin, bool is_video) {
        const WithoutGil released;
        return part_of(Media::from_descriptor(descriptor, begin, media_options()), is_video);
      },
      py::arg("descriptor"), py::arg("begin"), py::arg("video"), "An open file, from `begin` on.");
  module.def(
      "media_from_buffer",
      [](const py::object& buffer, bool is_video) { return part_of(media_of_buffer(buffer), is_video); },
      py::arg("buffer"), py::arg("video"), "Bytes in memory; they are copied where they could change.");
  module.def(
      "media_from_address",
      [](const py::object& address, bool is_video) {
        std::string url = from_str(address, "address");
        return is_video ? video_url(std::move(url)) : image_url(std::move(url));
      },
      py::arg("address"), py::arg("video"), "An http(s) or data URL, or the ms:// id of an uploaded file.");
}

}  // namespace kimistream::python
