"""What every mail provider behind HTTP shares: codec, transports, outcomes, and what comes next."""

from __future__ import annotations

from migma_core.delivery import Halving

from .aiohttp_transport import AiohttpTransport
from .codec import Codec, VerifyingCodec
from .domains import DomainCodec, DomainState, NextPage, check_domain, check_domain_async
from .endpoint import EndpointSettings, HttpSettings, base_url_fault
from .exchange import Answer, Header, HttpRequest, HttpResponse, NoAnswer, Sent
from .following import Following, Refusal, following, lift, next_provider
from .provider import AsyncHttpProvider, HttpProvider, VerifyingHttpProvider
from .read import read_json
from .retry_after import retry_after, seconds_until
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
    "DomainCodec",
    "DomainState",
    "EndpointSettings",
    "Following",
    "Halving",
    "Header",
    "HttpProvider",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "Limits",
    "NextPage",
    "NoAnswer",
    "Refusal",
    "Secret",
    "Sent",
    "Transport",
    "Urllib3Transport",
    "VerifyingCodec",
    "VerifyingHttpProvider",
    "base_url_fault",
    "check_domain",
    "check_domain_async",
    "following",
    "lift",
    "next_provider",
    "read_json",
    "retry_after",
    "said",
    "seconds_until",
    "usual_outcome",
]
