// Files at the provider: what is uploaded, and answers that are bytes.
#include "common.hpp"

namespace kimistream::python {
namespace {

/// A signal came while a pipe is read without the GIL.
void handle_signals() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

/// Reading a pipe may wait for long.
template <class Make>
FileContent without_gil(Make&& make) {
  const WithoutGil released;
  return make();
}

FileContent from_buffer(const py::bytes& bytes) {
  // The object is let go of wherever the last reading ends, also on a thread without the GIL.
  const auto owner = std::shared_ptr<const void>(bytes.inc_ref().ptr(), [](const void* object) {
    const py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(const_cast<void*>(object)));
  });
  const std::string_view view = bytes;
  return FileContent::from_memory(owner, std::as_bytes(std::span(view.data(), view.size())));
}

/// What on_progress raises is kept by its Python side (`_requests/uploads.py`); here it only ends the upload.
UploadOptions to_options(const py::object& filename, const py::object& content_type, const py::object& on_progress,
                         const py::object& timeout) {
  UploadOptions options{.filename = from_str(filename, "the name of the file"),
                        .content_type = from_str(content_type, "content_type"),
                        .timeout = to_timeout(timeout)};
  if (on_progress.is_none()) return options;
  const auto callback = std::shared_ptr<py::object>(new py::object(on_progress), [](py::object* object) {
    const py::gil_scoped_acquire gil;
    delete object;
  });
  options.on_progress = [callback](std::uint64_t sent, std::uint64_t total) {
    const py::gil_scoped_acquire gil;
    try {
      (*callback)(sent, total);
    } catch (py::error_already_set&) {
      throw Exception(invalid_request("on_progress ended the upload"));
    }
  };
  return options;
}

ResourceRequest to_upload(const Client& client, const FileContent& content, const py::object& purpose,
                          const py::object& filename, const py::object& content_type, const py::object& on_progress,
                          const py::object& timeout) {
  return upload_request(client.provider(), content, from_str(purpose, "purpose"),
                        to_options(filename, content_type, on_progress, timeout));
}

ResourceRequest to_file(const Client& client, const py::object& id, const py::object& method, bool content,
                        const py::object& timeout) {
  ResourceRequest request =
      file_request(client.provider(), from_str(id, "the id of a file"), content ? "/content" : "");
  request.method = from_str(method, "method");
  request.bytes = content;
  request.timeout = to_timeout(timeout);
  return request;
}

SharedPtr on(Client& client, const ResourceRequest& request) { return std::make_shared<Shared>(client.start(request)); }

SharedPtr on(Reactor& reactor, const ResourceRequest& request) {
  auto shared = std::make_shared<Shared>(reactor.start(request));
  shared->stream.set_tag(shared.get());
  return shared;
}

/// A blocking client starts requests itself, asyncio's reactors do it for theirs.
template <class Starter>
void register_requests(py::module_& module) {
  module.def(
      "upload",
      [](Starter& starter, const Client& client, const FileContent& content, const py::object& purpose,
         const py::object& filename, const py::object& content_type, const py::object& on_progress,
         const py::object& timeout) {
        return on(starter, to_upload(client, content, purpose, filename, content_type, on_progress, timeout));
      },
      py::arg("starter"), py::arg("client"), py::arg("content"), py::arg("purpose"), py::arg("filename") = "",
      py::arg("content_type") = "", py::arg("on_progress") = py::none(), py::arg("timeout") = py::none(),
      "Starts an upload.");
  module.def(
      "file_request",
      [](Starter& starter, const Client& client, const py::object& id, const py::object& method, bool content,
         const py::object& timeout) { return on(starter, to_file(client, id, method, content, timeout)); },
      py::arg("starter"), py::arg("client"), py::arg("id"), py::arg("method") = "GET", py::arg("content") = false,
      py::arg("timeout") = py::none(), "Starts a request about one file, or for its content.");
}

}  // namespace

void register_files(py::module_& module) {
  py::class_<BodySource, std::shared_ptr<BodySource>>(module, "Reading", "Bytes, read once.")
      .def(
          "read",
          [](BodySource& self, std::size_t size) {
            std::string block(size, '\0');
            {
              const WithoutGil released;
              block.resize(self.read(block.data(), block.size()));
            }
            return py::bytes(block);
          },
          py::arg("size"), "Some bytes, b\"\" at the end.");
  py::class_<FileContent>(module, "FileContent", "The bytes of a file that is to be uploaded.")
      .def_static(
          "from_path",
          [](const std::string& path) {
            return without_gil([&] { return FileContent::from_file(path, handle_signals); });
          },
          py::arg("path"))
      .def_static(
          "from_descriptor",
          [](int descriptor, std::uint64_t begin) {
            return without_gil([&] { return FileContent::from_descriptor(descriptor, begin, handle_signals); });
          },
          py::arg("descriptor"), py::arg("begin") = 0)
      .def_static("from_bytes", &from_buffer, py::arg("bytes"))
      .def_static(
          "from_part",
          [](const Part& part) {
            if (!part.media) throw Exception(invalid_request("this part is sent by its address: there are no bytes"));
            return FileContent::from_media(*part.media);
          },
          py::arg("part"), "The bytes of a picture or video.")
      .def("open", &FileContent::body, "A reading of its own.")
      .def_property_readonly("size", &FileContent::size)
      .def_property_readonly(
          "name", [](const FileContent& self) { return py::reinterpret_steal<py::object>(to_str(self.name())); })
      .def_property_readonly("mime_type", [](const FileContent& self) { return std::string(self.mime_type()); });

  register_requests<Client>(module);
  register_requests<Reactor>(module);
  module.def("file_purposes", [] {
    py::list names;
    for (const std::string_view name : file_purposes()) names.append(std::string(name));
    return names;
  });
  module.def(
      "body_bytes", [](const SharedPtr& shared) { return py::bytes(wait_for_body(*shared)); }, py::arg("stream"),
      "The body of an answer that came whole, as bytes.");
}

}  // namespace kimistream::python
