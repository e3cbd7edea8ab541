"""Signatures to test a receiver by, in any language: `make docs` writes `examples/signatures.json`.

Each has the body's bytes in base64, the header, the secret, and the receiver's time; `valid` is
what a receiver with a tolerance of 300 s must say.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from infra.fake_convoy.signatures import header, sign

VECTORS = Path(__file__).parents[2] / "examples" / "signatures.json"

SECRET = "a-secret-of-the-endpoint"  # noqa: S105
ROLLED = "the-secret-before-it"
NOW = 1_795_521_600
BODY = '{"event":"todo.created","todo":{"id":1,"item":"Größer, 中文, 𝄞","version":1}}'.encode()
WRITTEN_AGAIN = json.dumps(json.loads(BODY)).encode()
SIGNATURE = sign(SECRET, NOW, BODY)
GOOD = header(NOW, BODY, SECRET)

Vectors = dict[str, tuple[bytes, str, int]]

VALID: Vectors = {
    "genuine": (BODY, GOOD, NOW),
    "an empty object": (b"{}", header(NOW, b"{}", SECRET), NOW),
    "300 s old": (BODY, GOOD, NOW + 300),
    "300 s ahead": (BODY, GOOD, NOW - 300),
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

INVALID: Vectors = {
    "another secret": (BODY, header(NOW, BODY, ROLLED), NOW),
    "signed with an empty secret": (BODY, header(NOW, BODY, ""), NOW),
    "another body": (BODY.replace(b'"id":1', b'"id":2'), GOOD, NOW),
    "the body read and written again": (WRITTEN_AGAIN, GOOD, NOW),
    "a line's end after the body": (BODY + b"\n", GOOD, NOW),
    "no body": (b"", GOOD, NOW),
    "a body that is not UTF-8": (BODY + b"\xff", GOOD, NOW),
    "a body that is not UTF-8, signed as if its bad byte were U+FFFD": (
        b'{"item":"\xff"}',
        header(NOW, '{"item":"\ufffd"}'.encode(), SECRET),
        NOW,
    ),
    "another time than was signed": (BODY, GOOD.replace(str(NOW), str(NOW + 1)), NOW),
    "301 s old: replayed": (BODY, GOOD, NOW + 301),
    "301 s ahead": (BODY, GOOD, NOW - 301),
    "a time beyond all calendars": (BODY, f"t={'9' * 30},v1={SIGNATURE}", NOW),
    "a time that is no number": (BODY, f"t=now,v1={SIGNATURE}", NOW),
    "a time below nothing": (BODY, f"t=-{NOW},v1={SIGNATURE}", NOW),
    "no time": (BODY, f"v1={SIGNATURE}", NOW),
    "no signature": (BODY, f"t={NOW}", NOW),
    "an empty signature": (BODY, f"t={NOW},v1=", NOW),
    "half a signature": (BODY, f"t={NOW},v1={SIGNATURE[:32]}", NOW),
    "letters beyond ASCII": (BODY, f"t={NOW},v1={SIGNATURE[:-1]}é", NOW),
    "a signature without time, as of a simple one": (BODY, SIGNATURE, NOW),
    "an empty header": (BODY, "", NOW),
    "garbage": (BODY, ",,,=,=", NOW),
}


def build() -> list[dict[str, object]]:
    """Every vector, by what it is."""
    return [_vector(name, *what, valid=True) for name, what in VALID.items()] + [
        _vector(name, *what, valid=False) for name, what in INVALID.items()
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
