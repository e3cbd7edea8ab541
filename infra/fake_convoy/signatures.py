"""Convoy's signatures of a webhook."""

from __future__ import annotations

import hmac


def header(at: int, body: bytes, *secrets: str) -> str:
    """The advanced signature, `at` in seconds since 1970, by each secret while one is rolled."""
    return ",".join([f"t={at}", *(f"v1={sign(secret, at, body)}" for secret in secrets)])


def sign(secret: str, at: int, body: bytes) -> str:
    """The HMAC-SHA256, in hex, of the time, a comma and the body."""
    return simple(secret, b"%d,%b" % (at, body))


def simple(secret: str, body: bytes) -> str:
    """The simple signature, which has no time."""
    return hmac.digest(secret.encode(), body, "sha256").hex()
