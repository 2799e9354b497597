"""What can be asked beside questions, as steps: models, files, balance, tokens, documents.

The ones that are methods of the client itself stand here, and bring their file when they are called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._requests.uploads import Progress
    from .._values.resources import Balance, Extracted, TokenCount
    from .._values.timeout import AnyTimeout


def balance(sender: Sender, *, timeout: AnyTimeout = None) -> Steps[Balance]:
    """What is left on the account, in exact decimals. Raises InvalidRequestError where the provider tells none."""
    from .balance import balance

    return balance(sender, timeout)


def count_tokens(
    sender: Sender,
    prompt: Any,
    *,
    model: str | None = None,
    system: str | None = None,
    tools: list[Any] | None = None,
    timeout: AnyTimeout = None,
) -> Steps[TokenCount]:
    """How many tokens a prompt has; prompt, model, system and tools as for `stream`.

    The provider counts them. Where it has no such resource they are estimated here, and `.estimated` says so: 2/3
    of a token for a Chinese, Japanese or Korean character, 1/4 for an ASCII letter, digit or blank, 1/2 for any
    other character and 2 for an emoji; 4 for each message, 1,024 for an image and 8,192 for a video, whose real
    numbers depend on their size. Tools are always estimated, by their JSON: providers have no field for them.
    """
    from .tokens import count, token_request

    return count(sender, token_request(prompt, model, system, tools, timeout, sender.defaults))


def extract(
    sender: Sender,
    *files: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
    timeout: AnyTimeout = None,
    delete: bool = False,
    on_progress: Progress | None = None,
) -> Steps[Extracted]:
    """The text of documents, as messages to stand before a question about them:

        client.complete([*client.extract("report.pdf"), {"role": "user", "content": "Sum it up."}])

    Uploads each (see `files.create`), waits until its text is ready, and makes one system message of it, whole and
    as the provider gives it. `.files` of the result are the files at the provider.

    timeout      seconds as for `files.create`, and for each file's extraction; or a `Timeout`, whose `total` is for all
                 of it. None: 10 minutes for each extraction
    delete       delete the files afterwards, also when something fails; not on Ctrl-C, which ends at once

    Raises APIError for a file that the provider cannot read, APITimeoutError for one that takes too long.
    """
    from .extract import extract

    return extract(sender, files, timeout, delete, on_progress)
