// What a task waits on while a stream has nothing for it: a future as asyncio's tasks know them, and no more.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

namespace kimistream::python {

/// New reference; null on error. For one task of this loop.
/// @param used one that was waited on before, or null: made new where nobody else holds it. Takes the reference
PyObject* make_waiter(PyObject* loop, PyObject* used);

/// At the loop's next turn, as asyncio's own futures do; what is over already stays so. @return false on error
bool wake_later(PyObject* waiter);

/// Each runs its task now, up to where that waits again: a turn of the loop less for each fragment. Not from within a
/// task. What is raised (Ctrl-C, SystemExit) goes on after the others have been woken for later. @return false then
bool wake_now(std::vector<pybind11::object> waiters);

void register_waiter();

}  // namespace kimistream::python
