// Somebody who is told how a stream goes. Nobody pays for it who has not asked.
#include "common.hpp"

namespace kimistream::python {
namespace {

/// An exception on its way is kept out of the watcher's sight.
class Aside {
 public:
  Aside() { PyErr_Fetch(&type_, &value_, &trace_); }
  ~Aside() { PyErr_Restore(type_, value_, trace_); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  PyObject *type_ = nullptr, *value_ = nullptr, *trace_ = nullptr;
};

template <class Call>
void quietly(Call call) noexcept {
  const Aside aside;
  try {
    call();
  } catch (py::error_already_set& failure) {
    failure.discard_as_unraisable("kimistream's watch");
  } catch (...) {  // no memory, most likely: a watcher's affair is not the reader's
  }
}

}  // namespace

void call_quietly(const py::function& call) noexcept {
  quietly([&] { call(); });
}

void Watching::look() noexcept {
  if (!watch_) return;
  const auto state = of_.stream.state();
  if (!begun_ && state != Stream::State::opening && state != Stream::State::failed) {
    const Message& message = of_.stream.partial();
    if (state == Stream::State::ready || message.content || message.reasoning || !message.tool_calls.empty()) {
      begun_ = true;
      quietly([&] { watch_.attr("first")(); });
    }
  }
  if (state == Stream::State::ended || state == Stream::State::failed) end(py::none());
}

void Watching::end(const py::object& completion) noexcept {
  if (!watch_) return;
  const py::object watch = std::move(watch_);
  quietly([&] {
    const Error* error = of_.stream.error();
    watch.attr("end")(from_message(of_.stream.partial()), error ? as_exception(*error) : py::none(), completion);
  });
}

void Watching::end_with(const std::string& body) noexcept {
  if (!watch_) return;
  py::object completion = py::none();
  quietly([&] { completion = from_completion(body, std::string(of_.stream.request_id())); });
  end(completion);
}

}  // namespace kimistream::python
