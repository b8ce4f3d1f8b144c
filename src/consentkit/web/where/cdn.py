"""The header fields of known CDNs, each as its own documentation names them.

Not here: Fastly sets no such field until the site's own VCL does, and Fly.io says at which of its sites a connection came in,
not from where (checked 2026-11). :func:`~consentkit.web.where.header` reads what the first is told to send.
"""

from __future__ import annotations

from collections.abc import Sequence

from consentkit.web.where.code import place
from consentkit.web.where.field import fields, header
from consentkit.web.where.resolver import Where


def cloudflare(trusted: Sequence[str]) -> Where:
    """``CF-IPCountry`` and ``CF-Region-Code``.

    The first comes with "IP geolocation", both come with the managed transform "Add visitor location headers".
    Source: developers.cloudflare.com/rules/transform/managed-transforms/reference, checked 2026-11.

    :param trusted: addresses of the peers that are believed, as for :func:`~consentkit.web.where.header`.
    """
    return header("CF-IPCountry", region="CF-Region-Code", trusted=trusted)


def cloudfront(trusted: Sequence[str]) -> Where:
    """``CloudFront-Viewer-Country`` and ``CloudFront-Viewer-Country-Region``, as far as an origin request policy names them.

    Source: docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html, checked 2026-11.

    :param trusted: addresses of the peers that are believed, as for :func:`~consentkit.web.where.header`.
    """
    return header("CloudFront-Viewer-Country", region="CloudFront-Viewer-Country-Region", trusted=trusted)


def vercel(trusted: Sequence[str]) -> Where:
    """``X-Vercel-IP-Country`` and ``X-Vercel-IP-Country-Region``. Vercel sends them by itself.

    Source: vercel.com/docs/headers/request-headers, checked 2026-11.

    :param trusted: addresses of the peers that are believed, as for :func:`~consentkit.web.where.header`.
    """
    return header("X-Vercel-IP-Country", region="X-Vercel-IP-Country-Region", trusted=trusted)


def google(trusted: Sequence[str]) -> Where:
    """``X-Appengine-Country`` and ``X-Appengine-Region`` of App Engine, which takes a client's own away.

    Source: docs.cloud.google.com/appengine/docs/flexible/reference/request-headers, checked 2026-11.

    :param trusted: addresses of the peers that are believed, as for :func:`~consentkit.web.where.header`.
    """
    return header("X-Appengine-Country", region="X-Appengine-Region", trusted=trusted)


def akamai(trusted: Sequence[str]) -> Where:
    """``X-Akamai-Edgescape``, which the behavior "Content Targeting (EdgeScape)" adds: pairs such as ``country_code=US``.

    Source: techdocs.akamai.com/property-mgr/docs/content-tgting, checked 2026-11.

    :param trusted: addresses of the peers that are believed, as for :func:`~consentkit.web.where.header`.
    """
    return fields("X-Akamai-Edgescape", None, trusted, lambda value, _: edgescape(value))


def edgescape(value: str) -> str | None:
    """The place that a value of EdgeScape's field names; ``None`` where a pair that is asked for stands there twice."""
    found: dict[str, str] = {}
    for pair in value.split(","):
        key, _, said = pair.partition("=")
        key = key.strip(" \t")
        if key in found and key in ("country_code", "region_code"):
            return None
        found[key] = said
    return place(found.get("country_code", ""), found.get("region_code", ""))
