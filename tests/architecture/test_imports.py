"""The import contracts of pyproject.toml hold, and each fails on a planted violation. TYPE_CHECKING imports count."""

from copy import deepcopy
from typing import Any

import grimp
import pytest
from importlinter.application.use_cases import read_user_options
from importlinter.configuration import configure
from importlinter.contracts import acyclic_siblings, forbidden, independence, layers
from importlinter.domain.contract import Contract

from tests.architecture import ROOT

configure()
TYPES: dict[str, type[Contract]] = {
    "layers": layers.LayersContract,
    "independence": independence.IndependenceContract,
    "forbidden": forbidden.ForbiddenContract,
    "acyclic_siblings": acyclic_siblings.AcyclicSiblingsContract,
}
USER_OPTIONS = read_user_options(config_filename=str(ROOT / "pyproject.toml"))
CONTRACTS: dict[str, dict[str, Any]] = {one["name"]: one for one in USER_OPTIONS.contracts_options}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("authserver", include_external_packages=True, cache_dir=None)


def is_kept(name: str, graph: grimp.ImportGraph) -> bool:
    options = CONTRACTS[name]
    contract = TYPES[options["type"]](name, USER_OPTIONS.session_options, options)
    # A check may remove the ignored imports from its graph.
    return contract.check(deepcopy(graph), verbose=False).kept


@pytest.mark.parametrize("name", CONTRACTS)
def test_contract_is_kept(graph, name):
    assert is_kept(name, graph)


@pytest.mark.parametrize(
    ("name", "importer", "imported"),
    [
        ("Imports go down", "authserver.domain.users.users", "authserver.protocol.access"),
        ("Imports go down", "authserver.protocol.access", "authserver.web.current"),
        ("Imports go down", "authserver.web.current", "authserver.cli.output"),
        ("Imports go down", "authserver.web.current", "authserver.app"),
        (
            "The packages of web are independent",
            "authserver.web.machine.health",
            "authserver.web.admin.users",
        ),
        ("The packages of web are independent", "authserver.web.account.theme", "authserver.web.admin.users"),
        ("No cycles", "authserver.domain.orm", "authserver.domain.users.users"),
        ("No cycles", "authserver.domain.clients.redirect_uris", "authserver.domain.clients.clients"),
        ("No cycles", "authserver.protocol.oidc.claims", "authserver.protocol.oauth2.token_endpoint"),
        ("Top-level modules import no layer", "authserver.settings", "authserver.domain.orm"),
        ("No web framework below web", "authserver.protocol.access", "flask"),
        ("No web framework below web", "authserver.domain.orm", "werkzeug"),
        ("Only domain.orm uses Flask-SQLAlchemy", "authserver.web.current", "flask_sqlalchemy"),
    ],
)
def test_planted_violation_breaks_the_contract(graph, name, importer, imported):
    assert importer in graph.modules
    planted = deepcopy(graph)
    planted.add_import(importer=importer, imported=imported)
    assert not is_kept(name, planted)
