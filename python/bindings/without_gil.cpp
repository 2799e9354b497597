#include "without_gil.hpp"

#include <cxxabi.h>
#include <pthread.h>
#include <pybind11/pybind11.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace kimistream::python {

namespace {

[[noreturn]] void stay() {
  for (;;) ::pause();
}

}  // namespace

WithoutGil::~WithoutGil() {
#ifdef __GLIBCXX__
  try {
    PyEval_RestoreThread(thread_);
  } catch (abi::__forced_unwind&) {
    stay();
  }
#else
  PyEval_RestoreThread(thread_);
#endif
}

struct InTheCore::All {
  std::mutex mutex;
  std::condition_variable all_left;
  InTheCore* first = nullptr;
  bool ended = false;

  /// Never destroyed. A child process begins with none: it has none of its parent's threads.
  static All*& only() {
    static All* all = new All;
    return all;
  }

  /// No thread can have the GIL any more, so those that leave do not come back.
  static void end() {
    constexpr std::chrono::seconds long_enough{2};  // a name that is being looked up is waited for by libcurl
    All& all = *only();
    std::unique_lock lock(all.mutex);
    all.ended = true;
    for (const InTheCore* each = all.first; each; each = each->behind_)
      if (each->what_) each->end_(each->what_);
    all.all_left.wait_for(lock, long_enough, [&] { return !all.first; });
  }
};

void InTheCore::watch_the_end() {
  static const bool watched = [] {
    (void)All::only();
    return ::pthread_atfork(nullptr, nullptr, [] { All::only() = new All; }) == 0 && Py_AtExit(&All::end) == 0;
  }();
  (void)watched;
}

InTheCore::InTheCore() {
  All& all = *All::only();
  std::unique_lock lock(all.mutex);
  if (all.ended) {
    lock.unlock();
    stay();
  }
  behind_ = all.first;
  if (behind_) behind_->before_ = this;
  all.first = this;
}

void InTheCore::waits_for(Stream& stream) {
  waits_for(&stream, [](void* what) { static_cast<Stream*>(what)->close(); });
}

void InTheCore::waits_for(BulkRun& run) {
  waits_for(&run, [](void* what) { static_cast<BulkRun*>(what)->wake(); });
}

void InTheCore::waits_for(void* what, void (*end)(void*)) {
  All& all = *All::only();
  const std::lock_guard lock(all.mutex);
  what_ = what;
  end_ = end;
  if (all.ended) end(what);
}

InTheCore::~InTheCore() {
  All& all = *All::only();
  const std::lock_guard lock(all.mutex);
  (before_ ? before_->behind_ : all.first) = behind_;
  if (behind_) behind_->before_ = before_;
  if (all.ended && !all.first) all.all_left.notify_all();
}

void warn_without_gil() {
  PyObject* const asked = PySys_GetObject("_is_gil_enabled");  // borrowed; Python 3.13 has it
  if (!asked) return;
  PyObject* const enabled = PyObject_CallNoArgs(asked);
  if (!enabled) throw pybind11::error_already_set();
  const bool without = enabled == Py_False;
  Py_DECREF(enabled);
  if (without &&
      PyErr_WarnEx(
          PyExc_RuntimeWarning,
          "kimistream needs the GIL, which this interpreter was told to do without: use no stream and no client "
          "from two threads, or leave out PYTHON_GIL=0 and -X gil=0",
          1) != 0)
    throw pybind11::error_already_set();
}

}  // namespace kimistream::python
