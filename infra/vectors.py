"""Signatures to test a receiver by, in any language: `make docs` writes `examples/signatures.json`.

Each has the body's bytes in base64, the header, the secret, and the receiver's time; `valid` is
what a receiver with a tolerance of 300 s must say.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "examples" / "signatures.json"

SECRET = "a-secret-of-the-endpoint"  # noqa: S105
ROLLED = "the-secret-before-it"
NOW = 1_795_521_600
BODY = '{"event":"todo.created","todo":{"id":1,"item":"Größer, 中文, 𝄞","version":1}}'.encode()


def sign(secret: str, at: int, body: bytes) -> str:
    """As Convoy does: the hex HMAC-SHA256 of the time in seconds, a comma, and the body."""
    return hmac.digest(secret.encode(), b"%d,%b" % (at, body), "sha256").hex()


def header(at: int = NOW, body: bytes = BODY, *secrets: str) -> str:
    signed = (f"v1={sign(secret, at, body)}" for secret in secrets or (SECRET,))
    return ",".join([f"t={at}", *signed])


def build() -> list[dict[str, object]]:
    """Every vector, by what it is."""
    good = header()
    signature = sign(SECRET, NOW, BODY)
    written_again = json.dumps(json.loads(BODY)).encode()
    valid: dict[str, tuple[bytes, str, int]] = {
        "genuine": (BODY, good, NOW),
        "an empty object": (b"{}", header(body=b"{}"), NOW),
        "300 s old": (BODY, good, NOW + 300),
        "300 s ahead": (BODY, good, NOW - 300),
        "the secret is being rolled: ours is the second": (
            BODY,
            header(NOW, BODY, ROLLED, SECRET),
            NOW,
        ),
        "the secret is being rolled: ours is the first": (
            BODY,
            header(NOW, BODY, SECRET, ROLLED),
            NOW,
        ),
    }
    invalid: dict[str, tuple[bytes, str, int]] = {
        "another secret": (BODY, header(NOW, BODY, ROLLED), NOW),
        "signed with an empty secret": (BODY, f"t={NOW},v1={sign('', NOW, BODY)}", NOW),
        "another body": (BODY.replace(b'"id":1', b'"id":2'), good, NOW),
        "the body read and written again": (written_again, good, NOW),
        "a line's end after the body": (BODY + b"\n", good, NOW),
        "no body": (b"", good, NOW),
        "a body that is not UTF-8": (BODY + b"\xff", good, NOW),
        "a body that is not UTF-8, signed as if its bad byte were U+FFFD": (
            b'{"item":"\xff"}',
            header(NOW, '{"item":"\ufffd"}'.encode()),
            NOW,
        ),
        "another time than was signed": (BODY, good.replace(str(NOW), str(NOW + 1)), NOW),
        "301 s old: replayed": (BODY, good, NOW + 301),
        "301 s ahead": (BODY, good, NOW - 301),
        "a time beyond all calendars": (BODY, f"t={'9' * 30},v1={signature}", NOW),
        "a time that is no number": (BODY, f"t=now,v1={signature}", NOW),
        "a time below nothing": (BODY, f"t=-{NOW},v1={signature}", NOW),
        "no time": (BODY, f"v1={signature}", NOW),
        "no signature": (BODY, f"t={NOW}", NOW),
        "an empty signature": (BODY, f"t={NOW},v1=", NOW),
        "half a signature": (BODY, f"t={NOW},v1={signature[:32]}", NOW),
        "letters beyond ASCII": (BODY, f"t={NOW},v1={signature[:-1]}é", NOW),
        "a signature without time, as of a simple one": (BODY, signature, NOW),
        "an empty header": (BODY, "", NOW),
        "garbage": (BODY, ",,,=,=", NOW),
    }
    return [_vector(name, *what, valid=True) for name, what in valid.items()] + [
        _vector(name, *what, valid=False) for name, what in invalid.items()
    ]


def _vector(name: str, body: bytes, told: str, now: int, *, valid: bool) -> dict[str, object]:
    return {
        "name": name,
        "secret": SECRET,
        "body_base64": b64encode(body).decode(),
        "header": told,
        "now": now,
        "valid": valid,
    }


def text() -> str:
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
