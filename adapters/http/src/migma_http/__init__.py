"""What every mail provider behind HTTP shares: codec, transports, outcomes, and what comes next."""

from __future__ import annotations

from .aiohttp_transport import AiohttpTransport
from .codec import Codec
from .endpoint import HttpSettings, base_url_fault
from .exchange import Answer, Header, HttpRequest, HttpResponse, NoAnswer, Sent
from .following import Following, Refusal, following, lift, next_provider
from .halving import Halving
from .provider import AsyncHttpProvider, HttpProvider
from .retry_after import retry_after
from .secret import Secret
from .transport import AsyncTransport, Limits, Transport
from .urllib3_transport import Urllib3Transport
from .usual import said, usual_outcome

__all__ = [
    "AiohttpTransport",
    "Answer",
    "AsyncHttpProvider",
    "AsyncTransport",
    "Codec",
    "Following",
    "Halving",
    "Header",
    "HttpProvider",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "Limits",
    "NoAnswer",
    "Refusal",
    "Secret",
    "Sent",
    "Transport",
    "Urllib3Transport",
    "base_url_fault",
    "following",
    "lift",
    "next_provider",
    "retry_after",
    "said",
    "usual_outcome",
]
