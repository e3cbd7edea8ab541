"""Signatures to test receivers in any language: `make docs` writes `examples/signatures.json`.

Each vector has the body in base64, the header, the secret, and the receiver's time. `valid` is the
verdict of a correct receiver with a tolerance of 300 s.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from infra.fake_convoy.signatures import header, sign

VECTORS = Path(__file__).parents[2] / "examples" / "signatures.json"

SECRET = "a-secret-of-the-endpoint"  # noqa: S105
OLD_SECRET = "the-secret-before-it"  # noqa: S105
NOW = 1_795_521_600
BODY = '{"event":"order.created","order":{"id":1,"item":"Größer, 中文, 𝄞","version":1}}'.encode()
REWRITTEN = json.dumps(json.loads(BODY)).encode()
SIGNATURE = sign(SECRET, NOW, BODY)
GOOD = header(NOW, BODY, SECRET)

Vectors = dict[str, tuple[bytes, str, int]]

WITHOUT_SECRET = "no secret: anybody can sign with an empty one"  # noqa: S105

VALID: Vectors = {
    "genuine": (BODY, GOOD, NOW),
    "an empty object": (b"{}", header(NOW, b"{}", SECRET), NOW),
    "300 s old": (BODY, GOOD, NOW + 300),
    "300 s ahead": (BODY, GOOD, NOW - 300),
    "the secret is being rolled: ours is the second": (
        BODY,
        header(NOW, BODY, OLD_SECRET, SECRET),
        NOW,
    ),
    "the secret is being rolled: ours is the first": (
        BODY,
        header(NOW, BODY, SECRET, OLD_SECRET),
        NOW,
    ),
}

INVALID: Vectors = {
    "another secret": (BODY, header(NOW, BODY, OLD_SECRET), NOW),
    "signed with an empty secret": (BODY, header(NOW, BODY, ""), NOW),
    WITHOUT_SECRET: (BODY, header(NOW, BODY, ""), NOW),
    "another body": (BODY.replace(b'"id":1', b'"id":2'), GOOD, NOW),
    "the body parsed and written again": (REWRITTEN, GOOD, NOW),
    "a newline after the body": (BODY + b"\n", GOOD, NOW),
    "no body": (b"", GOOD, NOW),
    "a body that is not UTF-8": (BODY + b"\xff", GOOD, NOW),
    "a body that is not UTF-8, signed with U+FFFD in place of its bad byte": (
        b'{"item":"\xff"}',
        header(NOW, '{"item":"\ufffd"}'.encode(), SECRET),
        NOW,
    ),
    "another time than the signed one": (BODY, GOOD.replace(str(NOW), str(NOW + 1)), NOW),
    "301 s old: replayed": (BODY, GOOD, NOW + 301),
    "301 s ahead": (BODY, GOOD, NOW - 301),
    "a time too large for a date": (BODY, f"t={'9' * 30},v1={SIGNATURE}", NOW),
    "a time that is no number": (BODY, f"t=now,v1={SIGNATURE}", NOW),
    "a negative time": (BODY, f"t=-{NOW},v1={SIGNATURE}", NOW),
    "no time": (BODY, f"v1={SIGNATURE}", NOW),
    "no signature": (BODY, f"t={NOW}", NOW),
    "an empty signature": (BODY, f"t={NOW},v1=", NOW),
    "half a signature": (BODY, f"t={NOW},v1={SIGNATURE[:32]}", NOW),
    "a letter outside ASCII": (BODY, f"t={NOW},v1={SIGNATURE[:-1]}é", NOW),
    "a simple signature, without time": (BODY, SIGNATURE, NOW),
    "an empty header": (BODY, "", NOW),
    "garbage": (BODY, ",,,=,=", NOW),
}


def build() -> list[dict[str, object]]:
    """All vectors, with their names."""
    return [_vector(name, *parts, valid=True) for name, parts in VALID.items()] + [
        _vector(name, *parts, valid=False) for name, parts in INVALID.items()
    ]


def _vector(name: str, body: bytes, value: str, now: int, *, valid: bool) -> dict[str, object]:
    return {
        "name": name,
        "secret": "" if name == WITHOUT_SECRET else SECRET,
        "body_base64": b64encode(body).decode(),
        "header": value,
        "now": now,
        "valid": valid,
    }


def text() -> str:
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
