// Working without the GIL, and what becomes of that as the interpreter ends.
#pragma once

#include <Python.h>

#include "kimistream/bulk_run.hpp"
#include "kimistream/stream.hpp"

namespace kimistream::python {

/// Gives up the GIL while it lives. A thread that wants it back after the interpreter has begun to end stays here for
/// good, as from Python 3.14 on: earlier ones unwind its stack instead, and no destructor survives that.
class WithoutGil {
 public:
  WithoutGil() : thread_(PyEval_SaveThread()) {}
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* thread_;
};

/// The same for a thread that works with the core or waits for a stream. Daemon threads do so on while the process
/// destroys what is static, ours, simdjson's and OpenSSL's; so the end of the interpreter closes what they wait for,
/// and they stay here.
class InTheCore {
 public:
  InTheCore();
  explicit InTheCore(Stream& stream) : InTheCore() { waits_for(stream); }
  explicit InTheCore(BulkRun& run) : InTheCore() { waits_for(run); }
  ~InTheCore();
  InTheCore(const InTheCore&) = delete;
  InTheCore& operator=(const InTheCore&) = delete;

  /// What is waited for must live as long as this.
  void waits_for(Stream& stream);
  void waits_for(BulkRun& run);

  /// Once, when the module is made.
  static void watch_the_end();

 private:
  struct All;
  void waits_for(void* what, void (*end)(void*));

  WithoutGil released_;
  void* what_ = nullptr;
  void (*end_)(void*) = nullptr;  // ends the wait
  InTheCore *before_ = nullptr, *behind_ = nullptr;
};

/// Where an interpreter was told to go on without the GIL whatever it loads: a RuntimeWarning.
void warn_without_gil();

}  // namespace kimistream::python
