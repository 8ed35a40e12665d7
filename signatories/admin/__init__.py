"""The moderators' room. Django finds it by this name."""

from signatories.admin.queue import SignatureAdmin

__all__ = ["SignatureAdmin"]
