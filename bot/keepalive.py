"""HTTP calls to one party over and over: requests, with a keep-alive session for each thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

import requests
from requests.structures import CaseInsensitiveDict


class KeepAlive:
    """Sends small bodies quickly.

    `requests.post` merges settings, reads proxy variables and ~/.netrc anew for each call, a third
    of its time. Here a request is prepared from what is given and nothing else.
    """

    def __init__(self, proxies: Mapping[str, str] | None = None) -> None:
        self._proxies = dict(proxies or {})
        self._verify: bool | str = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._local = threading.local()

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        body: bytes = b"",
    ) -> requests.Response:
        """One call; `timeout` in seconds to connect and to wait for bytes. Follows no redirect.

        Raises what requests raises.
        """
        session = self._session()
        request = requests.PreparedRequest()
        request.method = method
        request.url = url
        request.headers = CaseInsensitiveDict(headers)
        request.prepare_cookies(session.cookies)
        request.prepare_body(body, None)
        return session.send(
            request,
            timeout=timeout,
            proxies=self._proxies,
            verify=self._verify,
            cert=None,
            stream=False,
            allow_redirects=False,
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        return session


def never_connected(error: requests.ConnectionError) -> bool:
    """Whether the connection was never made, so that certainly nothing arrived."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
