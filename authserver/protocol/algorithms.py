"""The signature algorithms of JWTs: which one is allowed is fixed per use (RFC 8725, section 3.1)."""

from functools import cache

from joserfc.jws import JWSRegistry

from authserver.domain.clients.metadata_types import SECRET_ALGORITHMS
from authserver.domain.keys.signing_keys import ALGORITHMS

ASYMMETRIC = ALGORITHMS
SYMMETRIC = SECRET_ALGORITHMS


class _Registry(JWSRegistry):
    """The library's registry for one allowed algorithm; headers that nobody knows are ignored (RFC 7515, section 4.2)."""

    max_header_length = 4096

    def get_alg(self, name: str) -> object:  # type: ignore[override]
        # The library warns of EdDSA, the name that RFC 9864 replaces and that every verifier still expects.
        if name != "EdDSA" or name not in (self.allowed or ()):
            return super().get_alg(name)
        return self.algorithms[name]


@cache
def registry(algorithm: str) -> JWSRegistry:
    """Return the registry that signs and checks with one algorithm and refuses every other."""
    return _Registry(algorithms=[algorithm], strict_check_header=False)
