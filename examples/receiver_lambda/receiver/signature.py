"""Convoy's signature of a webhook."""

from __future__ import annotations

import hmac
import re

TOLERANCE_S = 300


def verified(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether Convoy signed exactly these bytes, at most TOLERANCE_S seconds from now."""
    found = re.fullmatch(r"t=([0-9]{1,11})((?:,v[0-9]+=[0-9a-f]{64})+)", header)
    if not secret or found is None or abs(now - int(found[1])) > TOLERANCE_S:
        return False
    expected = hmac.digest(secret.encode(), b"%s,%s" % (found[1].encode(), body), "sha256").hex()
    signatures = [each.partition("=")[2] for each in found[2].split(",")[1:]]
    return any(hmac.compare_digest(each, expected) for each in signatures)
