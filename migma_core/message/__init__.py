"""The message: compiled once, sealed, and carrying what the law and the mailbox providers ask for."""

from .approval import APPROVAL_LIFE, Approval, approve
from .compile import Compiled, compile_content, missing_names
from .headers import HeaderRefused
from .message import ApprovalExpired, Batch, Copy, Message
from .mime import mime_messages
from .sealed import SealedError
from .template import InvalidTemplate, Template, parse_template
from .token import DeliveryId, Token, TokenKeys, TokenPurpose, mint_token, verify_token

__all__ = [
    "APPROVAL_LIFE",
    "Approval",
    "ApprovalExpired",
    "Batch",
    "Compiled",
    "Copy",
    "DeliveryId",
    "HeaderRefused",
    "InvalidTemplate",
    "Message",
    "SealedError",
    "Template",
    "Token",
    "TokenKeys",
    "TokenPurpose",
    "approve",
    "compile_content",
    "mime_messages",
    "mint_token",
    "missing_names",
    "parse_template",
    "verify_token",
]
