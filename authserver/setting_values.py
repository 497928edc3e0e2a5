"""The types of settings: durations, lists, networks and URLs. The settings are in ``settings``."""

import re
import ssl
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from authserver.vocabulary import SigningAlgorithm

LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}
_PRIVATE_NETWORKS: list[IPv4Network | IPv6Network] = [
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("127.0.0.0/8"),
    IPv6Network("fc00::/7"),
    IPv6Network("fe80::/10"),
]
_HOST_OR_DOMAIN = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: Any) -> Any:
    """Parse `90`, `90s`, `15m`, `1h30m` or `14d`. A number without a unit is in seconds."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if not re.fullmatch(r"[0-9]{1,9}|([0-9]{1,6}[smhd])+", text):
        raise ValueError("must be a number of seconds or a duration such as 90s, 15m, 1h30m or 14d")
    return timedelta(seconds=sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)([smhd]?)", text)))


def format_duration(length: timedelta) -> str:
    """Format a duration in the largest unit that divides it: 14d, 90m, 61s."""
    for unit_name in ("d", "h", "m", "s"):
        unit = timedelta(seconds=_SECONDS[unit_name])
        if length and not length % unit:
            return f"{length // unit}{unit_name}"
    return "0"


def _parse_list(value: Any) -> Any:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), Field(ge=timedelta(0), le=timedelta(days=3660))
]
PositiveDuration = Annotated[
    timedelta, BeforeValidator(parse_duration), Field(gt=timedelta(0), le=timedelta(days=3660))
]
StringList = Annotated[tuple[str, ...], BeforeValidator(_parse_list)]
OwnChanges = Annotated[tuple[Literal["name", "email"], ...], BeforeValidator(_parse_list)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_parse_list)]


def _check_public_url(value: str) -> str:
    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or set("?#@ ") & set(value):
        raise ValueError(
            "must be a URL such as https://login.example.org or https://example.org:8443/authentication"
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must begin with https:// (http is allowed only for 127.0.0.1, ::1 and localhost)")
    if parts.port == 0 or "//" in parts.path or not (value.isascii() and value.isprintable()):
        raise ValueError("has an invalid port or path")
    return value


def _check_database_url(value: str) -> str:
    scheme, separator, rest = value.strip().partition("://")
    scheme = _DRIVERS.get(scheme, scheme)
    if not separator or scheme not in {"sqlite", *_DRIVERS.values()}:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if scheme != "sqlite":
        return f"{scheme}://{rest}"
    # Resolve a relative path now, because the current directory may change before the database is opened.
    file = rest.removeprefix("/")
    if not file or ":memory:" in file or file.startswith("file:") or "?" in file:
        raise ValueError("must contain a file name, such as sqlite:////var/lib/authserver/authserver.db")
    return f"sqlite:///{Path(file).absolute()}"


def _check_ca_file(value: Path) -> Path:
    try:
        ssl.create_default_context(cafile=value)
    except OSError as error:
        raise ValueError(f"must be a readable file with PEM certificates ({error})") from error
    return value


def _check_name(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


def _check_http_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            network = ip_network(value)
        except ValueError as error:
            if not _HOST_OR_DOMAIN.fullmatch(value):
                raise ValueError(
                    "must contain networks such as 10.0.0.0/8, and hosts or domains such as jazz or .corp.example.org, "
                    f"in lowercase and without a port; {value[:60]} is neither"
                ) from error
        else:
            if not any(_is_subnet(network, known) for known in _PRIVATE_NETWORKS):
                raise ValueError(f"must contain private networks only; {value} is not private")
    return values


def _check_signing_algorithms(values: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := set(values) - set(SigningAlgorithm):
        raise ValueError(
            f"must contain only {', '.join(SigningAlgorithm)}, separated by commas; {min(unknown)[:60]} is none of them"
        )
    return tuple(str(name) for name in SigningAlgorithm if name in values or name is SigningAlgorithm.RS256)


def _is_subnet(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    # Networks of different versions cannot be compared.
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]


HttpHosts = Annotated[tuple[str, ...], BeforeValidator(_parse_list), AfterValidator(_check_http_hosts)]
SigningAlgorithms = Annotated[StringList, AfterValidator(_check_signing_algorithms)]
CaFile = Annotated[Path, AfterValidator(_check_ca_file)]
Name = Annotated[str, AfterValidator(_check_name)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
