"""The proxy that the environment names for an address, as curl and httpx read it."""

from __future__ import annotations

import os
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # pyright: ignore[reportUnknownVariableType, reportAttributeAccessIssue]

from chatkit.settings import check_proxy

__all__ = ["environment_proxy"]


def environment_proxy(scheme: str, host: str, port: int | None) -> str | None:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY (in either case), and NO_PROXY.

    Raises:
        InputError: what is set there is no address of a proxy.
    """
    environ = os.environ
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        proxy = environ.get(name)
        if proxy:
            no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
            if any(proxy_bypass_environment(name, {"no": no_proxy}) for name in (host, f"{host}:{port}")):  # type: ignore[call-arg]
                return None
            return check_proxy(proxy if "://" in proxy else f"http://{proxy}", name)
    return None
