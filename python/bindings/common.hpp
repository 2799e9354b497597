// What the files of the binding share: handles of the core, and the few functions that cross between them.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <concepts>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kimistream/kimistream.hpp"
#include "without_gil.hpp"

namespace kimistream::python {

namespace py = pybind11;

struct Shared;
class Resent;

/// Somebody who is told how a stream goes: `first()` when something of the answer has come, and once
/// `end(message, error, completion)`, each or None. What it raises is unraisable. With the GIL only.
class Watching {
 public:
  Watching(Shared& of, py::object watch) : of_(of), watch_(std::move(watch)) {}
  ~Watching() { end(py::none()); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  /// Tells what there is to tell by now.
  void look() noexcept;
  void end(const py::object& completion) noexcept;
  /// The same, of an answer that is given as it came.
  void end_with(const std::string& body) noexcept;

 private:
  Shared& of_;
  py::object watch_;
  bool begun_ = false;
};

/// Calls what belongs to a watcher: what it raises is unraisable.
void call_quietly(const py::function& call) noexcept;

/// A core stream as Python objects share it: the stream object, its iterators, its awaitables.
struct Shared {
  explicit Shared(Stream opened) : stream(std::move(opened)) {}
  py::object owner = py::none();  // what must live as long as more may come; goes after the stream
  Stream stream;
  bool show_usage_chunks = false;
  PyObject* waiter = nullptr;          // asyncio: what a task waits on; borrowed from its awaitable
  std::unique_ptr<Watching> watching;  // goes before the stream; mostly there is none

  void look() const noexcept {
    if (watching) watching->look();
  }
};
using SharedPtr = std::shared_ptr<Shared>;

// ---- text and JSON ------------------------------------------------------------------------------------------------

/// A Python str of UTF-8 text; bytes that are not UTF-8 become U+FFFD. New reference, null on error.
PyObject* to_str(std::string_view text);
/// What a function of Python's C API gave. @throws what it has set instead
py::object steal(PyObject* object);
/// `to_str`, owned. @throws what it fails with
inline py::object text(std::string_view value) { return steal(to_str(value)); }
/// UTF-8 text of a Python str; lone surrogates become U+FFFD. @throws py::type_error for anything else
std::string from_str(py::handle text, const char* what);
/// JSON text as Python objects. @throws ValueError
py::object loads(std::string_view text);
/// The same with objects of the package's classes in place of dicts; the outermost is one of `type`.
py::object loads_as(std::string_view text, py::handle type);
/// A Python object as JSON text. @throws TypeError, ValueError
std::string dumps(py::handle object);

// ---- values -------------------------------------------------------------------------------------------------------

/// From the arguments of stream(), complete() and create(), in the order of `_requests/arguments.py`, NAMES.
/// @param streams whether the answer is asked for in pieces; nothing where that is not the question
/// @param resent what is kept of messages that were sent before, see resent.hpp; null: nothing is kept
Request to_request(const py::tuple& arguments, std::optional<bool> streams = {}, Resent* resent = nullptr);
/// @param body JSON text or None
ResourceRequest to_resource(const py::object& path, const py::object& method, const py::object& body,
                            const py::object& timeout);
Headers to_headers(py::handle mapping, const char* what);
/// The transport for a client with a Cassette and an ExchangeQueue, each of which may be None.
/// @param certificates a file of them, "" for none: what is trusted where variables and the system name nothing
/// @throws TypeError for anything else
TransportFactory recorded(std::string certificates, const py::object& cassette, const py::object& history,
                          const py::object& history_label);
/// A Python function of (sent, total), or None. What it raises is written to sys.unraisablehook, but for Ctrl-C, which
/// ends the request. @throws TypeError for what cannot be called
UploadProgress to_progress(py::handle function);
/// @throws TypeError for what is no int, InvalidRequestError for one below `least`
std::int64_t to_count(py::handle value, const char* what, std::int64_t least = 0);
/// None: nothing. @throws InvalidRequestError for another word
std::optional<OnBreak> to_on_break(py::handle word);
/// How often: None is nothing. @throws TypeError for what is no number, InvalidRequestError for a negative or a
/// fractional one
std::optional<int> to_times(py::handle value, const char* what);
/// Seconds: a number that is more than 0, or None. @throws TypeError, InvalidRequestError
std::optional<double> to_seconds(py::handle value, const char* what);
/// A number of seconds for the first three clocks, a kimistream.Timeout, an httpx.Timeout, or None.
/// @throws TypeError, InvalidRequestError
Timeout to_timeout(py::handle value);
/// Seconds as a float, None for a clock that is left open.
py::object from_clock(const std::optional<std::chrono::milliseconds>& clock);

/// A list of dicts, the keys those of `Price`; or None. @throws TypeError, ValueError
std::vector<Price> to_prices(py::handle rows);

py::object from_message(const Message& message);
/// A body in the OpenAI shape as a ChatCompletion.
py::object from_completion(std::string_view body, const std::string& request_id);
py::object from_usage(const std::optional<Usage>& usage);
/// (index, message, error, attempts, seconds, meets_every_row) of a row.
py::tuple from_result(const Result& result);
py::object from_headers(const Headers& headers);
/// New reference, null on error.
PyObject* from_event(const Event& event);
PyObject* from_chunk(Chunk&& chunk);

/// Gives lines, or the stream's log, to Python. Never fails; an exception of a log handler is unraisable.
void write_log(const std::vector<std::string>& lines);
void write_log(Stream& stream);

// ---- errors and waiting -------------------------------------------------------------------------------------------

/// An error as the Python exception that it is raised as.
py::object as_exception(const Error& error);
/// Sets the Python exception for an error.
void set_error(const Error& error);
/// Sets the Python exception for whatever C++ exception is being handled.
void set_current_exception();

/// How long a wait without the GIL may be: signal handlers run between two of them.
std::chrono::milliseconds wait_slice();
/// What is due after such a wait: the log, signal handlers. @return false when one of those has raised; the stream is
/// then closed
bool after_wait(Stream& stream);
/// Waits, with the GIL released, until there is something to take. @return 1 ready, 0 ended, -1 a Python exception is
/// set
int wait_for_item(Stream& stream);
/// Waits for the end; what comes stays only in the message. @throws what the stream fails with
void drain(Shared& shared);
/// The body of an answer that comes whole. Waits for it. @throws what the stream fails with
std::string wait_for_body(Shared& shared);
/// Waits for the response head. @return false when a Python exception is set
bool wait_for_head(Stream& stream);

// ---- types --------------------------------------------------------------------------------------------------------

/// What an iterator gives.
enum class Gives { events, texts, thoughts, chunks };
/// What an awaitable waits for: the response head, the one chunk of an answer that comes whole (which stays to be
/// taken), the message.
enum class Awaits { head, body, message };

PyObject* make_iterator(const SharedPtr& shared, Gives gives);
PyObject* make_async_iterator(const SharedPtr& shared, Gives gives, PyObject* loop);
/// Raises what the stream fails with.
PyObject* make_awaitable(const SharedPtr& shared, Awaits awaits, PyObject* loop);
/// Takes the next item that is there without waiting. @return 1 taken into `out`, 0 nothing there, -1 error,
/// 2 no more of this kind (a reader of thoughts stops where the answer begins)
int take_item(Shared& shared, Gives gives, PyObject** out);

/// A class of the package whose fields are slots, named by its `_fields`.
class ValueClass {
 public:
  ValueClass() = default;
  explicit ValueClass(py::object given);
  /// An instance with these fields, in their order. Nothing of the class is called.
  template <std::same_as<py::object>... Values>
  [[nodiscard]] py::object operator()(Values... values) const {
    std::array<py::object, sizeof...(Values)> all{std::move(values)...};
    return make(all);
  }

 private:
  [[nodiscard]] py::object make(std::span<py::object> values) const;

  py::object class_;
  std::vector<Py_ssize_t> offsets_;
};

/// The Python classes that the binding makes objects of; set once by the package (registry.cpp).
struct Registry {
  ValueClass message, tool_call, usage, finish, notice, restarted;
  PyObject *headers = nullptr, *make_error = nullptr, *log = nullptr, *warn = nullptr, *object = nullptr,
           *extra = nullptr, *other_name = nullptr, *counterpart = nullptr, *completion = nullptr, *picture = nullptr,
           *completion_chunk = nullptr;
};
Registry& registry();

void register_events(py::module_& module);
void register_chunks(py::module_& module);
void register_iterators(py::module_& module);
void register_registry(py::module_& module);
void register_client(py::module_& module);
void register_stream(py::module_& module);
void register_reactor(py::module_& module);
void register_json(py::module_& module);
void register_media(py::module_& module);
void register_providers(py::module_& module);
void register_files(py::module_& module);
void register_recording(py::module_& module);
void register_timeouts(py::module_& module);
void register_retelling(py::module_& module);
void register_bulk(py::module_& module);
void register_rows(py::module_& module);
void register_prices(py::module_& module);
void register_resent(py::module_& module);

}  // namespace kimistream::python
