"""`client.models` and `client.files`."""

from __future__ import annotations

from .._resources import files, models
from .doors import blocking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._requests.sender import Sender


class Resource:
    """A group of methods of a client."""

    __slots__ = ("_sender",)

    def __init__(self, sender: Sender) -> None:
        self._sender = sender


class Models(Resource):
    """The models that the provider serves: `list`, `retrieve`, `check`."""

    __slots__ = ()

    list = blocking(models.list_all)
    check = blocking(models.check)
    retrieve = blocking(models.retrieve)


class Files(Resource):
    """The files at the provider, as openai-python has them."""

    __slots__ = ()

    create = blocking(files.create)
    list = blocking(files.list_all)
    retrieve = blocking(files.retrieve)
    content = blocking(files.content)
    delete = blocking(files.delete)
    wait_for_processing = blocking(files.wait_for_processing)
    delete_uploads = blocking(files.delete_uploads)
