"""The root services document that Jazz and OSLC clients read first, and an empty service provider catalog."""

from xml.sax.saxutils import escape, quoteattr

from authserver.protocol.http import Request, Response
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath

_HEADERS = (
    ("Content-Type", "application/rdf+xml"),
    ("OSLC-Core-Version", "2.0"),
    ("Cache-Control", "public, max-age=300"),
)
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/terms/",
    "jfs": "http://jazz.net/xmlns/prod/jazz/jfs/1.0/",
    "oslc_am": "http://open-services.net/ns/am#",
    "oslc_rm": "http://open-services.net/xmlns/rm/1.0/",
    "oslc_cm": "http://open-services.net/xmlns/cm/1.0/",
}
_ENDPOINTS = {
    "oauthRequestConsumerKeyUrl": EndpointPath.OAUTH1_REQUEST_KEY,
    "oauthApprovalModuleUrl": EndpointPath.OAUTH1_APPROVE_KEY,
    "oauthRequestTokenUrl": EndpointPath.OAUTH1_REQUEST_TOKEN,
    "oauthUserAuthorizationUrl": EndpointPath.OAUTH1_AUTHORIZE,
    "oauthAccessTokenUrl": EndpointPath.OAUTH1_ACCESS_TOKEN,
}


def root_services(services: Services, request: Request) -> Response:
    """Return the root services document. Its subject (``rdf:about``) is the URL of the request."""
    settings = services.settings
    lines = [
        f"<dc:title>{escape(settings.product_name)}</dc:title>",
        f"<jfs:oauthRealmName>{escape(services.oauth1.realm)}</jfs:oauthRealmName>",
        f"<jfs:oauthDomain>{escape(settings.public_url)}</jfs:oauthDomain>",
    ]
    lines += [_resource(f"jfs:{name}", settings.url(path)) for name, path in _ENDPOINTS.items()]
    catalogs = {
        "oslc_am:amServiceProviders": settings.oslc_am_catalog or settings.url(EndpointPath.OSLC_CATALOG),
        "oslc_rm:rmServiceProviders": settings.oslc_rm_catalog,
        "oslc_cm:cmServiceProviders": settings.oslc_cm_catalog,
    }
    lines += [_resource(name, url) for name, url in catalogs.items() if url]
    return _document("rdf:Description", settings.url(request.path), lines, _NAMESPACES)


def catalog(services: Services, request: Request) -> Response:
    """Return a catalog without service providers, for installations that configure no catalog."""
    namespaces = {name: _NAMESPACES[name] for name in ("rdf", "dc")} | {
        "oslc": "http://open-services.net/ns/core#"
    }
    title = f"<dc:title>{escape(services.settings.product_name)}</dc:title>"
    return _document("oslc:ServiceProviderCatalog", services.settings.url(request.path), [title], namespaces)


def _resource(name: str, url: str) -> str:
    return f"<{name} rdf:resource={quoteattr(url)}/>"


def _document(element: str, about: str, lines: list[str], namespaces: dict[str, str]) -> Response:
    declared = "".join(f"\n    xmlns:{name}={quoteattr(uri)}" for name, uri in namespaces.items())
    body = "\n".join(f"    {line}" for line in lines)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{declared}>\n'
        f"  <{element} rdf:about={quoteattr(about)}>\n{body}\n  </{element}>\n</rdf:RDF>\n"
    )
    return Response(200, text.encode(), _HEADERS)
