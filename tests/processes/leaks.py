"""Looking for a secret in a heap of bytes, in every spelling that gives it away."""

import base64
import hashlib
import re
from collections.abc import Iterator
from urllib.parse import quote


def leaks(secret: str, heap: bytes) -> list[str]:
    """The names of the spellings in which the secret, or its plain digest, is in the heap."""
    lower = heap.lower()
    return [
        name
        for name, form, keeps_case in spellings(secret)
        if (form in heap if keeps_case else form.lower() in lower)
    ]


def spellings(secret: str) -> Iterator[tuple[str, bytes, bool]]:
    """Name, bytes, and whether upper and lower case matter."""
    plain = secret.encode()
    yield "clear", plain, False
    yield "quoted", quote(secret, safe="").encode(), False
    yield "utf-16", secret.encode("utf-16-le"), True
    yield "hex", plain.hex().encode(), False
    yield from base64_spellings("base64", plain)
    for algorithm in ("md5", "sha1", "sha256"):
        for variant in sorted({secret, secret.lower()}):
            digest = hashlib.new(algorithm, variant.encode(), usedforsecurity=False).digest()
            yield algorithm, digest, True
            yield f"{algorithm} in hex", digest.hex().encode(), False
            yield from base64_spellings(f"{algorithm} in base64", digest)


def base64_spellings(name: str, plain: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """What base64 makes of it at each of the three places where it can begin in a longer text.

    The characters at both ends also hold bits of the neighbours and are left out.
    """
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + plain)
        first, last = -(-shift * 8 // 6), (shift + len(plain)) * 8 // 6
        yield name, whole[first:last], True
        yield name, whole[first:last].replace(b"+", b"-").replace(b"/", b"_"), True


def holds_code(code: str, heap: bytes) -> bool:
    """Whether the eight digits stand there, as they are mailed or as they are compared.

    Inside of a digest in hex or a UUID they stand by chance.
    """
    bare = code.replace(" ", "")
    digits = rf"(?<![0-9a-f-]){bare[:4]}[ -]?{bare[4:]}(?![0-9a-f-])"
    return re.search(digits.encode(), heap) is not None
