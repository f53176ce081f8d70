"""Who may call from a browser: pages of this host, and those that the project trusts.

A page of somebody else's can let its own host name lead to this machine (DNS rebinding). The browser then tells the
page's origin, and that is looked at here; ALLOWED_HOSTS sees to the host.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.utils.http import is_same_domain

if TYPE_CHECKING:
    from django.http import HttpRequest


def is_allowed(request: HttpRequest, allowed: Iterable[str]) -> bool:
    """Whether the request comes from no browser's page, or from one of a known origin.

    Args:
        request: With its header `Origin`.
        allowed: Origins as in CSRF_TRUSTED_ORIGINS ("https://example.com", "https://*.example.com"), besides those.
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None:
        return True
    try:
        own = f"{request.scheme}://{request.get_host()}"
        parts = urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    if origin == own:
        return True
    return any(_fits(parts.scheme, parts.netloc, each) for each in (*settings.CSRF_TRUSTED_ORIGINS, *allowed))


def _fits(scheme: str, host: str, trusted: str) -> bool:
    trusted_scheme, _separator, pattern = trusted.partition("://")
    if not host or scheme != trusted_scheme:
        return False
    # "*.example.com" means what Django's ALLOWED_HOSTS writes as ".example.com".
    return is_same_domain(host, pattern.removeprefix("*")) if pattern.startswith("*.") else host == pattern
