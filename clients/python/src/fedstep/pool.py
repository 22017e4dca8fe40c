"""Connections: over TLS and through proxies, and in each process its own."""

from __future__ import annotations

import ipaddress
import os
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager, ProxyManager
from urllib3.util import make_headers

CONNECTIONS = 32
"""That are kept for the next request."""

Path = str | os.PathLike[str]


class Pool:
    """Opens what urllib3 keeps connections in.

    Args:
        url: the server, which decides whether there is a proxy.
        context: how to speak TLS; it cannot be pickled.
        ca: a file with the authorities to trust, in place of the system's.
        cert: a file with a certificate to show, and perhaps its key.
        key: its key.
    """

    def __init__(
        self,
        url: str,
        context: ssl.SSLContext | None = None,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
    ) -> None:
        if context is not None and (ca, cert, key) != (None, None, None):
            raise ValueError("context= has what ca=, cert= and key= would say")
        if key is not None and cert is None:
            raise ValueError("key= belongs to a cert=")
        self._url = url
        self._context = context
        self._files = (ca, cert, key)
        self._opened: tuple[int, PoolManager] | None = None
        self.manager()

    def manager(self) -> PoolManager:
        """This process's connections: after a fork, the parent's are left to it."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            opened = self._opened = (os.getpid(), self._open())
        return opened[1]

    def close(self) -> None:
        """Closes the connections that are not in use. urllib3 leaves them open until nothing knows
        of them any more, and an exception may."""
        manager = self.manager()
        pools = [manager.pools.get(key) for key in manager.pools.keys()]  # noqa: SIM118
        manager.clear()
        for pool in pools:
            if pool is not None:
                pool.close()

    def _open(self) -> PoolManager:
        options: dict[str, Any] = {"maxsize": CONNECTIONS, "ssl_context": self._tls()}
        proxy = proxy_for(self._url)
        if proxy is None:
            return PoolManager(**options)
        if proxy.startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415 - wants PySocks

            return SOCKSProxyManager(proxy, **options)
        return ProxyManager(proxy, proxy_headers=basic(proxy, "proxy_basic_auth"), **options)

    def _tls(self) -> ssl.SSLContext:
        if self._context is not None:
            return self._context
        ca, cert, key = self._files
        for file in (ca, cert, key):
            if file is not None:
                with open(file, "rb"):  # or the error would not tell which is missing
                    pass
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, key)
        return context

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}


def basic(url: str, kind: str) -> dict[str, str]:
    """The field for the user and the password of an address, if it has them."""
    parts = urlsplit(url)
    if parts.username is None:
        return {}
    both = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(make_headers(**{kind: both}))  # type: ignore[arg-type]


def proxy_for(url: str) -> str | None:
    """The proxy that the environment has for an address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if proxy_bypass(host if parts.port is None else f"{host}:{parts.port}") or _is_near(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _is_near(host: str) -> bool:
    """Whether ``NO_PROXY`` has a network with this address."""
    for network in getproxies().get("no", "").split(","):
        with suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(network.strip(), strict=False):
                return True
    return False
