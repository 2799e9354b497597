"""Bulk runs on more than one machine, by Ray Data. `pip install "kimistream[ray]"`.

    import ray
    from kimistream.ray import Mapper, keywords

    ds = ray.data.read_parquet("questions/")
    how = keywords(size=2, prompt="Translate: {text}", key="id", ledger="/shared/run-1", limits=dict(rpm=5000))
    ds = ds.map_batches(Mapper, **how)
    ds.write_parquet("answers/")

Each row keeps its columns and gets those of a line of `client.map`: key, index (its place in its batch), text, error
and so on, what is nested as JSON text. Nothing about a row raises: its error is its `error` column, so filter on that.

On a cluster the variable of the key must be set where the actors run (`ray.init(runtime_env={"env_vars": ...})`), and
`ledger` must be a folder that all machines share; it needs neither locks nor shared memory. Started again with the same
folder, rows that are answered are not sent again; those that failed are. An actor that is killed costs what was under
way. Write to a new folder each time: Ray adds to what is there.

Ray itself reads JSON with pandas, which makes 7 of "007" and a float of an id of twenty digits. `read_text` and
`json_column="text"` take each line as it stands.
"""

from __future__ import annotations

from .keywords import keywords
from .mapper import Mapper

__all__ = ["Mapper", "keywords"]
