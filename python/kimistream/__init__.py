"""The client for the Kimi K2.6 API.

    from kimistream import Kimi

    client = Kimi()                                   # the key from MOONSHOT_API_KEY
    for text in client.stream("Why is the sky blue?").text:
        print(text, end="", flush=True)

`AsyncKimi` has the same names for asyncio, `kimistream.simulator` serves the API on this machine.
"""

from __future__ import annotations

from ._clients.kimi import Kimi
from ._clients.stream import Stream
from ._core import Text, Thinking, ToolCallDelta, ToolCallStart, __version__
from ._values.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BudgetExceededError,
    CassetteMissError,
    ConflictError,
    ContentFilterFinishReasonError,
    IncompleteStreamError,
    InternalServerError,
    InvalidRequestError,
    KimiError,
    LengthFinishReasonError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
    SchemaError,
    StopRun,
    ToolArgumentsError,
    UnprocessableEntityError,
)
from ._values.headers import Headers
from ._values.message import Finish, Message, Notice, Restarted, ToolCall, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import mcp as mcp
    from . import progress as progress
    from . import simulator as simulator
    from . import telemetry as telemetry
    from ._bulk.batches.job import AsyncBatchJob as AsyncBatchJob
    from ._bulk.batches.job import BatchJob as BatchJob
    from ._bulk.limits import Limits as Limits
    from ._clients.async_kimi import AsyncKimi as AsyncKimi
    from ._clients.async_stream import AsyncStream as AsyncStream
    from ._requests.cassette import Cassette as Cassette
    from ._requests.media import Image as Image
    from ._requests.media import Video as Video
    from ._requests.providers import providers as providers
    from ._requests.providers import register_provider as register_provider
    from ._tools.tool import Tool as Tool
    from ._values.bulk import Budget as Budget
    from ._values.bulk import Row as Row
    from ._values.bulk import Run as Run
    from ._values.completions import ChatCompletion as ChatCompletion
    from ._values.completions import ChatCompletionChunk as ChatCompletionChunk
    from ._values.completions import ChatCompletionMessage as ChatCompletionMessage
    from ._values.completions import CompletionUsage as CompletionUsage
    from ._values.completions import ParsedChatCompletion as ParsedChatCompletion
    from ._values.resources import Balance as Balance
    from ._values.resources import Batch as Batch
    from ._values.resources import Extracted as Extracted
    from ._values.resources import FileContent as FileContent
    from ._values.resources import FileObject as FileObject
    from ._values.resources import Model as Model
    from ._values.resources import TokenCount as TokenCount
    from ._values.run_events import AgentEnd as AgentEnd
    from ._values.run_events import AgentEvent as AgentEvent
    from ._values.run_events import AgentStart as AgentStart
    from ._values.run_events import StepEnd as StepEnd
    from ._values.run_events import StepStart as StepStart
    from ._values.run_events import ToolProgress as ToolProgress
    from ._values.run_events import ToolResult as ToolResult
    from ._values.timeout import Timeout as Timeout
    from .agents.agent import Agent as Agent
    from .agents.awaiting import AsyncAgentRun as AsyncAgentRun
    from .agents.awaiting import AsyncConversation as AsyncConversation
    from .agents.awaiting import AsyncSwarm as AsyncSwarm
    from .agents.blocking import AgentRun as AgentRun
    from .agents.blocking import Conversation as Conversation
    from .agents.blocking import Swarm as Swarm
    from .costs.table import prices as prices

    AsyncOpenAI = AsyncKimi

OpenAI = Kimi

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "Agent",
    "AgentEnd",
    "AgentEvent",
    "AgentRun",
    "AgentStart",
    "AsyncAgentRun",
    "AsyncBatchJob",
    "AsyncConversation",
    "AsyncKimi",
    "AsyncOpenAI",
    "AsyncStream",
    "AsyncSwarm",
    "AuthenticationError",
    "BadRequestError",
    "Balance",
    "Batch",
    "BatchJob",
    "Budget",
    "BudgetExceededError",
    "Cassette",
    "CassetteMissError",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "CompletionUsage",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "Conversation",
    "Extracted",
    "FileContent",
    "FileObject",
    "Finish",
    "Headers",
    "Image",
    "IncompleteStreamError",
    "InternalServerError",
    "InvalidRequestError",
    "Kimi",
    "KimiError",
    "LengthFinishReasonError",
    "Limits",
    "Message",
    "Model",
    "NotFoundError",
    "Notice",
    "OpenAI",
    "OpenAIError",
    "ParsedChatCompletion",
    "PermissionDeniedError",
    "RateLimitError",
    "Restarted",
    "Row",
    "Run",
    "SchemaError",
    "StepEnd",
    "StepStart",
    "StopRun",
    "Stream",
    "Swarm",
    "Text",
    "Thinking",
    "Timeout",
    "TokenCount",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallStart",
    "ToolProgress",
    "ToolResult",
    "UnprocessableEntityError",
    "Usage",
    "Video",
    "__version__",
    "prices",
    "providers",
    "register_provider",
]

# Imported when they are first asked for: asyncio alone takes longer to import than all of this package.
_LAZY = {
    "Agent": ("agents.agent", "Agent"),
    "AgentEnd": ("_values.run_events", "AgentEnd"),
    "AgentEvent": ("_values.run_events", "AgentEvent"),
    "AgentRun": ("agents.blocking", "AgentRun"),
    "AgentStart": ("_values.run_events", "AgentStart"),
    "AsyncAgentRun": ("agents.awaiting", "AsyncAgentRun"),
    "AsyncBatchJob": ("_bulk.batches.job", "AsyncBatchJob"),
    "AsyncConversation": ("agents.awaiting", "AsyncConversation"),
    "AsyncKimi": ("_clients.async_kimi", "AsyncKimi"),
    "AsyncOpenAI": ("_clients.async_kimi", "AsyncKimi"),
    "AsyncStream": ("_clients.async_stream", "AsyncStream"),
    "AsyncSwarm": ("agents.awaiting", "AsyncSwarm"),
    "Balance": ("_values.resources", "Balance"),
    "Batch": ("_values.resources", "Batch"),
    "BatchJob": ("_bulk.batches.job", "BatchJob"),
    "Budget": ("_values.bulk", "Budget"),
    "Cassette": ("_requests.cassette", "Cassette"),
    "ChatCompletion": ("_values.completions", "ChatCompletion"),
    "ChatCompletionChunk": ("_values.completions", "ChatCompletionChunk"),
    "ChatCompletionMessage": ("_values.completions", "ChatCompletionMessage"),
    "CompletionUsage": ("_values.completions", "CompletionUsage"),
    "Conversation": ("agents.blocking", "Conversation"),
    "Extracted": ("_values.resources", "Extracted"),
    "FileContent": ("_values.resources", "FileContent"),
    "FileObject": ("_values.resources", "FileObject"),
    "Image": ("_requests.media", "Image"),
    "Limits": ("_bulk.limits", "Limits"),
    "Model": ("_values.resources", "Model"),
    "ParsedChatCompletion": ("_values.completions", "ParsedChatCompletion"),
    "Row": ("_values.bulk", "Row"),
    "Run": ("_values.bulk", "Run"),
    "StepEnd": ("_values.run_events", "StepEnd"),
    "StepStart": ("_values.run_events", "StepStart"),
    "Swarm": ("agents.blocking", "Swarm"),
    "Timeout": ("_values.timeout", "Timeout"),
    "TokenCount": ("_values.resources", "TokenCount"),
    "Tool": ("_tools.tool", "Tool"),
    "ToolProgress": ("_values.run_events", "ToolProgress"),
    "ToolResult": ("_values.run_events", "ToolResult"),
    "Video": ("_requests.media", "Video"),
    "prices": ("costs.table", "prices"),
    "providers": ("_requests.providers", "providers"),
    "register_provider": ("_requests.providers", "register_provider"),
}


# The same: `kimistream.simulator.Simulator()` needs no import of its own.
_MODULES = ("integrations", "mcp", "progress", "ray", "simulator", "telemetry")


def __getattr__(name: str) -> object:
    if name in _LAZY or name in _MODULES:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f".{name}", __name__)
        module, attribute = _LAZY[name]
        return getattr(import_module(f".{module}", __name__), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *(name for name in globals() if name.startswith("_"))})
