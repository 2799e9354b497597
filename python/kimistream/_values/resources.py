"""What a provider tells beside its answers: models, files, balance, tokens."""

from __future__ import annotations

from .. import _core
from .object import Object, either, said
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from decimal import Decimal
    from typing import Any


class Model(Object):
    """A model that the provider serves, and what it can. None: the provider does not say. All else is as sent.

    context_length      tokens of input and output together
    supports_image_in, supports_video_in, supports_reasoning   bools

    Where a server says the same in other words (`max_model_len`, `architecture.input_modalities`,
    `supported_parameters`), these attributes understand them; `model_dump()` has the words that came.
    """

    _known = ("id", "created", "object", "owned_by")

    if TYPE_CHECKING:
        id: str

    context_length: int | None = either("context_length", "max_model_len")
    supports_image_in: bool | None = said("supports_image_in", "architecture", "input_modalities", word="image")
    supports_video_in: bool | None = said("supports_video_in", "architecture", "input_modalities", word="video")
    supports_reasoning: bool | None = said("supports_reasoning", "supported_parameters", word="reasoning")


class ListPage(Object):
    """A list: iterates over its items, which are also in `.data`."""

    _known = ("data", "object")

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data or [])


class ModelList(ListPage):
    _kinds = {"data": Model}  # noqa: RUF012

    if TYPE_CHECKING:
        data: list[Model]

        def __iter__(self) -> Iterator[Model]: ...  # type: ignore[override]


class FileObject(Object):
    """A file at the provider. `status` is "ready" or "ok" when it can be used and "error" when it never will be; other
    words may come."""

    _known = ("id", "bytes", "created_at", "filename", "object", "purpose", "status", "status_details")

    if TYPE_CHECKING:
        id: str
        bytes: int
        created_at: int
        filename: str
        purpose: str
        status: str
        status_details: str | None


class FileDeleted(Object):
    _known = ("id", "deleted", "object")

    if TYPE_CHECKING:
        id: str
        deleted: bool


class FileList(ListPage):
    _kinds = {"data": FileObject}  # noqa: RUF012

    if TYPE_CHECKING:
        data: list[FileObject]

        def __iter__(self) -> Iterator[FileObject]: ...  # type: ignore[override]


class BatchCounts(Object):
    """How many requests of a batch have been answered, have failed, and are in it."""

    _known = ("completed", "failed", "total")

    if TYPE_CHECKING:
        completed: int
        failed: int
        total: int


class Batch(Object):
    """Requests that the provider answers in its own time. `status` is "validating", "in_progress", "finalizing",
    "cancelling", and at the end "completed", "failed", "expired" or "cancelled". Times are in seconds since 1970."""

    _known = (
        *("id", "object", "endpoint", "input_file_id", "completion_window", "status", "output_file_id"),
        *("error_file_id", "errors", "created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at"),
        *("failed_at", "expired_at", "cancelling_at", "cancelled_at", "request_counts", "metadata"),
    )
    _kinds = {"request_counts": BatchCounts}  # noqa: RUF012

    if TYPE_CHECKING:
        id: str
        endpoint: str
        input_file_id: str
        completion_window: str
        status: str
        output_file_id: str | None
        error_file_id: str | None
        created_at: int
        request_counts: BatchCounts | None


class BatchList(ListPage):
    _kinds = {"data": Batch}  # noqa: RUF012

    if TYPE_CHECKING:
        data: list[Batch]

        def __iter__(self) -> Iterator[Batch]: ...  # type: ignore[override]


class FileContent:
    """What a file holds: the text that was extracted, as the provider wraps it, or its bytes."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def text(self) -> str:
        """As UTF-8; what is none becomes U+FFFD."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises ValueError for what is no JSON."""
        return _core.loads(self.text)

    def read(self) -> bytes:
        return self.content

    async def aread(self) -> bytes:
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        size = chunk_size or len(self.content) or 1
        return (self.content[at : at + size] for at in range(0, len(self.content), size))

    def iter_lines(self) -> Iterator[str]:
        return iter(self.text.splitlines())

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        with open(file, "wb") as out:
            out.write(self.content)

    def stream_to_file(self, file: str | os.PathLike[str]) -> None:
        """The other name of `write_to_file`."""
        self.write_to_file(file)

    def __repr__(self) -> str:
        return f"FileContent({len(self.content):,} bytes)"


class Extracted(list):  # type: ignore[type-arg]
    """Messages with the text of files, to stand before a question. `.files` are the files at the provider."""

    files: list[FileObject]


class Balance(Value):
    """What is left on an account. Amounts are exact, as they were sent; None where the provider does not say.

    available_balance  what can be spent: vouchers and cash together; requests are refused at 0 and below
    voucher_balance    never negative
    cash_balance       negative for a debt
    currency           of the platform, e.g. "USD"; None where it is not known
    """

    __slots__ = _fields = __match_args__ = ("available_balance", "voucher_balance", "cash_balance", "currency")

    def __init__(
        self,
        available_balance: Decimal,
        voucher_balance: Decimal | None = None,
        cash_balance: Decimal | None = None,
        currency: str | None = None,
    ) -> None:
        self.available_balance = available_balance
        self.voucher_balance = voucher_balance
        self.cash_balance = cash_balance
        self.currency = currency


class TokenCount(Value):
    """How many tokens a prompt has. `int(count)` is `total_tokens`.

    estimated  True: all of it, or the part of the tools, is a guess made here; False: the provider counted
    """

    __slots__ = _fields = __match_args__ = ("total_tokens", "estimated")

    def __init__(self, total_tokens: int, estimated: bool = False) -> None:
        self.total_tokens = total_tokens
        self.estimated = estimated

    def __int__(self) -> int:
        return self.total_tokens
