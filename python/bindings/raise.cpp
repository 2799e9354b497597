// The core's one error value as Python exceptions, and the loop that every blocking call waits in.
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "common.hpp"

namespace kimistream::python {
namespace {

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_request: return "invalid_request";
    case ErrorKind::cassette_miss: return "cassette_miss";
    case ErrorKind::connection: return "connection";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::status: return "status";
    case ErrorKind::incomplete_stream: return "incomplete_stream";
    default: return "response";
  }
}

/// Signals are handled on the main thread only; there a wait is cut short in case one was delivered elsewhere.
bool on_main_thread() {
#ifdef __linux__
  thread_local const bool main_thread = ::syscall(SYS_gettid) == ::getpid();
  return main_thread;
#else
  return true;
#endif
}

/// @return false when a Python exception is set
bool wait_a_while(Stream& stream) {
  try {
    const InTheCore waiting(stream);
    stream.wait(wait_slice());
  } catch (...) {
    set_current_exception();
    return false;
  }
  return after_wait(stream);
}

}  // namespace

std::chrono::milliseconds wait_slice() { return std::chrono::milliseconds(on_main_thread() ? 100 : 60'000); }

bool after_wait(Stream& stream) {
  write_log(stream);
  if (PyErr_CheckSignals() == 0) return true;
  stream.close();
  return false;
}

void write_log(Stream& stream) { write_log(stream.take_log()); }

void write_log(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    try {
      py::handle(registry().log)(text(line));
    } catch (py::error_already_set& failure) {
      failure.discard_as_unraisable("kimistream's log");
    }
  }
}

py::object as_exception(const Error& error) {
  py::dict fields;
  fields["kind"] = kind_name(error.kind);
  fields["message"] = text(error.message);
  fields["status_code"] = error.status_code ? py::object(py::int_(*error.status_code)) : py::none();
  fields["body"] = text(error.body);
  fields["type"] = text(error.type);
  fields["code"] = text(error.code);
  fields["reason"] = text(error.reason);
  fields["clock"] = text(error.clock);
  fields["request_id"] = text(error.request_id);
  fields["headers"] = from_headers(error.headers);
  fields["retryable"] = error.retryable;
  fields["retry_after"] = error.retry_after ? py::object(py::float_(*error.retry_after)) : py::none();
  fields["partial"] = error.partial ? from_message(*error.partial) : py::none();
  return py::handle(registry().make_error)(**fields);
}

void set_error(const Error& error) {
  try {
    const py::object exception = as_exception(error);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  } catch (py::error_already_set& failure) {
    failure.restore();
  }
}

void set_current_exception() {
  try {
    throw;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const Exception& exception) {
    set_error(exception.error());
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
}

int wait_for_item(Stream& stream) {
  for (;;) {
    switch (stream.state()) {
      case Stream::State::ready: return 1;
      case Stream::State::ended: return 0;
      case Stream::State::failed: set_error(*stream.error()); return -1;
      default:
        if (!wait_a_while(stream)) return -1;
    }
  }
}

void drain(Shared& shared) {
  Event event;
  Chunk chunk;
  for (;;) {
    while (shared.stream.take(event)) continue;
    while (shared.stream.take(chunk)) continue;
    const int there = wait_for_item(shared.stream);
    shared.look();
    switch (there) {
      case 0: return;
      case 1: break;
      default: throw py::error_already_set();
    }
  }
}

std::string wait_for_body(Shared& shared) {
  Chunk chunk;
  while (!shared.stream.take(chunk)) {
    if (wait_for_item(shared.stream) < 0) {
      shared.look();
      throw py::error_already_set();
    }
    if (shared.stream.state() == Stream::State::ended) break;
  }
  return std::move(chunk).json();
}

bool wait_for_head(Stream& stream) {
  while (stream.state() == Stream::State::opening)
    if (!wait_a_while(stream)) return false;
  if (stream.opened() || !stream.error()) return true;
  set_error(*stream.error());
  return false;
}

}  // namespace kimistream::python
