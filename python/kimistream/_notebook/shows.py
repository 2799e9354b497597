"""What displays itself in a notebook."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from .live import Shown
    from .sheet import Sheet

    Tasks = set[asyncio.Task[None]]

_tasks: Tasks = set()  # a loop holds its tasks weakly


class Shows:
    """Something that has a page, `_sheet`."""

    __slots__ = ()

    def _sheet(self) -> Sheet:
        raise NotImplementedError

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the same as HTML, Markdown and text."""
        from .shell import is_terminal

        return {"text/plain": repr(self)} if is_terminal() else self._sheet().bundle()


class _Comes(Shows):
    """Something that is read while it is shown. `_shown` has what has come so far, `_begun` what its reader knows of
    that."""

    __slots__ = ()

    def _shown(self) -> Shown:
        raise NotImplementedError

    def _begun(self) -> Shown:
        return self._shown()

    def _is_over(self) -> bool:
        raise NotImplementedError


class Draws(_Comes):
    """To look at it is to read it to its end: in a notebook it is drawn while it comes."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Any]: ...
        def close(self) -> None: ...

    def _sheet(self) -> Sheet:
        from .live import read

        if self._is_over():
            return self._shown().sheet()
        begun = self._begun()
        read(begun, iter(self), self.close)
        return begun.sheet()

    def _ipython_display_(self) -> None:
        """For notebooks: draws it while it comes. Stop ends that, and the answer; what had come stays shown."""
        from .shell import is_notebook

        if not is_notebook() or self._is_over():
            raise NotImplementedError  # IPython asks for _repr_mimebundle_ then
        from .live import draw

        draw(self._begun(), iter(self), self.close)


class AsyncDraws(_Comes):
    """The same where a loop runs: it is drawn by a task, while the notebook goes on."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __aiter__(self) -> AsyncIterator[Any]: ...

    def _sheet(self) -> Sheet:
        return self._shown().sheet()

    def _ipython_display_(self) -> None:
        """For notebooks: draws it while it comes, also when the cell is done; `close()` ends it."""
        import asyncio

        from .live import draw_async
        from .shell import is_notebook

        if not is_notebook() or self._is_over():
            raise NotImplementedError

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # of a cell that runs on no loop
            raise NotImplementedError from None
        task = loop.create_task(draw_async(self._begun(), self.__aiter__(), loop))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
