"""AWS Signature Version 4, as a pure function (wire sheet: bedrock_converse §2)."""

from __future__ import annotations

import functools
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from datetime import datetime
    from urllib.parse import SplitResult

    from chatkit.codec import Request
    from chatkit_aws.credentials import Credentials

__all__ = ["signature_headers"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def signature_headers(
    request: Request, credentials: Credentials, *, region: str, now: datetime, service: str = "bedrock"
) -> dict[str, str]:
    """The headers that sign a request.

    Only `host`, `content-type` and what is returned here are signed, so that proxies and HTTP clients may add theirs.

    Args:
        request: as it will be sent; its path must be percent-encoded already.
        now: the time, in UTC. AWS accepts a signature for five minutes.

    Returns:
        `x-amz-date`, `authorization`, and `x-amz-security-token` for temporary credentials.
    """
    url = urlsplit(request.url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if credentials.token:
        added["x-amz-security-token"] = credentials.token
    signed = {"host": _host(url), **added}
    if content_type := request.headers.get("content-type"):
        signed["content-type"] = content_type
    names = ";".join(sorted(signed))
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{_sha256(_canonical(request, url, signed, names).encode())}"
    key = _signing_key(credentials.secret_key, stamp[:8], region, service)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{credentials.access_key}/{scope}"
    added["authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return added


def _canonical(request: Request, url: SplitResult, signed: dict[str, str], names: str) -> str:
    headers = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
    # The path is encoded a second time: what stands as %3A on the wire is signed as %253A.
    path = quote(url.path or "/", safe="/~")
    return "\n".join([request.method, path, _query(url.query), headers, names, _sha256(request.body)])


def _query(query: str) -> str:
    """The parameters as they stand in the URL, sorted; one without value gets a "="."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))


def _host(url: SplitResult) -> str:
    """The `host` header that an HTTP client sends: without the scheme's own port."""
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _DEFAULT_PORTS.get(url.scheme)) else f"{host}:{url.port}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@functools.lru_cache(maxsize=32)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of a day; the same for all requests of that day."""
    return _hmac(_hmac(_hmac(_hmac(f"AWS4{secret}".encode(), date), region), service), "aws4_request")
