"""Sends a file of rows by one client, prints a line of JSON: ``bulk_clients.py NAME BASE_URL [IN OUT]... AT_ONCE``.

From JSON Lines to JSON Lines, `AT_ONCE` requests under way. The peers are what people write: each keeps the row's id,
the answer's text and, but for polar_llama, its usage. Beside it kimistream keeps a ledger, polar_llama a checkpoint,
the others nothing. Each imports what it needs and no more: the memory that is told is its own.
"""

from __future__ import annotations

import json
import resource
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a memory of its own
    from collections.abc import Callable
    from typing import Any

HEADERS = {"Authorization": "Bearer sk-x", "Content-Type": "application/json"}
MODEL = "kimi-k2.6"


def request(row: dict[str, Any]) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": row["text"]}]}


def line(row: dict[str, Any], answer: Any) -> dict[str, Any]:
    return {"id": row["id"], "text": answer["choices"][0]["message"]["content"], "usage": answer["usage"]}


def kimistream(url: str, source: str, out: str, at_once: int) -> None:
    from kimistream import Kimi

    with Kimi(api_key="sk-x", base_url=url) as client:
        client.map(source, "{text}", out=out, key="id", concurrency=at_once, progress=False)


def kimistream_async(url: str, source: str, out: str, at_once: int) -> None:
    import asyncio

    from kimistream import AsyncKimi

    async def main() -> None:
        async with AsyncKimi(api_key="sk-x", base_url=url) as client:
            await client.map(source, "{text}", out=out, key="id", concurrency=at_once, progress=False)

    asyncio.run(main())


def pycurl_multi(url: str, source: str, out: str, at_once: int) -> None:
    import pycurl

    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, at_once)
    free = []
    for _ in range(at_once):
        easy = pycurl.Curl()
        easy.setopt(pycurl.URL, url + "/chat/completions")
        easy.setopt(pycurl.HTTPHEADER, [*(f"{name}: {value}" for name, value in HEADERS.items()), "Expect:"])
        easy.setopt(pycurl.POST, 1)
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROXY, "")
        free.append(easy)
    with open(source) as rows, open(out, "w") as answers:
        under_way, more = 0, True
        while more or under_way:
            while more and free:
                text = rows.readline()
                if not text:
                    more = False
                    break
                easy = free.pop()
                easy.row, easy.blocks = json.loads(text), []
                easy.setopt(pycurl.POSTFIELDS, json.dumps(request(easy.row)))
                easy.setopt(pycurl.WRITEFUNCTION, easy.blocks.append)
                multi.add_handle(easy)
                under_way += 1
            multi.perform()
            _, ended, failed = multi.info_read(at_once)
            assert not failed, failed
            for easy in ended:
                answers.write(json.dumps(line(easy.row, json.loads(b"".join(easy.blocks)))) + "\n")
                multi.remove_handle(easy)
                free.append(easy)
                under_way -= 1
            if not ended and under_way:
                multi.select(1.0)


def aiohttp_script(url: str, source: str, out: str, at_once: int) -> None:
    """What a good script looks like: aiohttp, orjson, uvloop, a semaphore, retries."""
    import asyncio

    import aiohttp
    import orjson
    import uvloop

    async def main() -> None:
        gate = asyncio.Semaphore(at_once)
        connector = aiohttp.TCPConnector(limit=at_once)
        async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:

            async def ask(row: dict[str, Any]) -> Any:
                async with gate:
                    for attempt in range(3):
                        body = orjson.dumps(request(row))
                        async with session.post(url + "/chat/completions", data=body) as answer:
                            if answer.status == 200:
                                return line(row, orjson.loads(await answer.read()))
                            await asyncio.sleep(2**attempt)
                raise RuntimeError("refused")

            with open(source, "rb") as rows, open(out, "wb") as answers:
                tasks = [ask(orjson.loads(text)) for text in rows]
                for ended in asyncio.as_completed(tasks):
                    answers.write(orjson.dumps(await ended) + b"\n")

    uvloop.run(main())


def openai_gather(url: str, source: str, out: str, at_once: int) -> None:
    import asyncio

    import openai

    async def main() -> None:
        gate = asyncio.Semaphore(at_once)
        async with openai.AsyncOpenAI(api_key="sk-x", base_url=url, timeout=600) as client:

            async def ask(row: dict[str, Any]) -> Any:
                async with gate:
                    answer = await client.chat.completions.create(**request(row))
                    return line(row, answer.model_dump())

            with open(source) as rows, open(out, "w") as answers:
                for ended in await asyncio.gather(*(ask(json.loads(text)) for text in rows)):
                    answers.write(json.dumps(ended) + "\n")

    asyncio.run(main())


def polar_llama(url: str, source: str, out: str, at_once: int) -> None:
    """With its checkpoint on, and so without usage: it refuses both. Its wheel needs glibc 2.39."""
    import os

    os.environ |= {
        "OPENAI_API_KEY": "sk-x",
        "OPENAI_BASE_URL": url.removesuffix("/v1"),
        "POLAR_LLAMA_MAX_CONCURRENCY": str(at_once),
    }
    import polar_llama
    import polars

    # It asks for so many rows, waits for the last of them and keeps them: with 100, its default, fewer are under way
    kept = polar_llama.Checkpoint(out + ".checkpoint", flush_every=5 * at_once)
    asked = polar_llama.inference_async(polars.col("text"), provider="openai", model=MODEL, checkpoint=kept)
    polars.read_ndjson(source).select("id", answer=asked).write_ndjson(out)


def ray_data_llm(url: str, source: str, out: str, at_once: int) -> None:
    """The HTTP processor of ray.data.llm, which sends the requests of a batch one after the other: batches of one row.
    The CPU is that of all its processes."""
    import ctypes
    import os

    import ray
    from ray.data.llm import HttpRequestProcessorConfig, build_processor

    pr_set_child_subreaper = 36  # so that whoever is left comes to us, and is waited for
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)
    ray.init(include_dashboard=False, log_to_driver=False)
    config = HttpRequestProcessorConfig(
        url=url + "/chat/completions", headers=HEADERS, batch_size=1, concurrency=1, max_retries=2
    )
    ask = build_processor(
        config,
        preprocess=lambda row: {"id": row["id"], "payload": request(row)},
        postprocess=lambda row: line(row, row["http_response"]),
    )
    with open(source, "rb") as rows, open(out, "w", encoding="utf-8") as answers:
        asked = ask(ray.data.from_items([json.loads(row) for row in rows], override_num_blocks=4))
        for row in asked.iter_rows():
            answers.write(json.dumps({name: row[name] for name in ("id", "text", "usage")}) + "\n")
    ray.shutdown()
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


CLIENTS: dict[str, Callable[[str, str, str, int], None]] = {
    function.__name__: function
    for function in (
        kimistream,
        kimistream_async,
        pycurl_multi,
        aiohttp_script,
        openai_gather,
        polar_llama,
        ray_data_llm,
    )
}


def peak_mb() -> float:
    with open("/proc/self/status") as status:
        return next(float(entry.split()[1]) for entry in status if entry.startswith("VmHWM")) / 1024


def main() -> None:
    if len(sys.argv) < 6 or len(sys.argv) % 2 or sys.argv[1] not in CLIENTS:
        sys.exit(f"usage: bulk_clients.py {'|'.join(CLIENTS)} BASE_URL [IN OUT]... AT_ONCE")
    name, url, *files, at_once = sys.argv[1:]
    begin = time.monotonic()
    peaks = []
    try:
        for source, out in zip(files[::2], files[1::2], strict=True):
            CLIENTS[name](url, source, out, int(at_once))
            peaks.append(peak_mb())
    except ImportError as error:
        print(json.dumps({"skipped": str(error)}))
        return
    wall = time.monotonic() - begin
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)  # from the process's start on
    with open(files[-1], "rb") as answers:
        rows = sum(1 for _ in answers)
    result = {"rows": rows, "cpu_s": cpu, "wall_s": wall, "peak_mb": peaks[-1], "peak_mb_first": peaks[0]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
