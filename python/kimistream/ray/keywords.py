"""What `map_batches` must be told."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def keywords(*, size: int = 2, batch_size: int | None = None, concurrency: int = 100, **mapper: Any) -> dict[str, Any]:
    """The keywords of `map_batches(Mapper, ...)` beside the Mapper.

    size         actors; each is a process with requests of its own
    concurrency  requests at once in each of them
    batch_size   rows; an actor has four batches at once, so that as many as `concurrency` keep it busy
    mapper       what else `Mapper` takes
    """
    try:
        from ray.data import ActorPoolStrategy  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ImportError('kimistream.ray needs Ray: pip install "kimistream[ray]"') from error
    return {
        "batch_format": "pyarrow",  # from numpy an int column with a gap comes as floats, block by block
        "batch_size": batch_size or concurrency,  # a batch is a block otherwise, which may have ten rows
        "num_cpus": 0.1,  # an actor waits; as many actors as CPUs would leave none to read the rows with
        "compute": ActorPoolStrategy(size=size),
        "fn_constructor_kwargs": {"concurrency": concurrency, **mapper},
    }
