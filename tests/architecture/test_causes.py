"""Every cause is explained in the console and is used; every problem code of OAuth 1.0a has a cause."""

import subprocess

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.access import DenialReason
from authserver.protocol.oauth1.errors import ProblemCode
from authserver.web.admin.explanations import EXPLANATIONS
from tests.architecture import ROOT

DERIVED = {cause for cause in Cause if cause.endswith("-missing")}
"""The causes of missing parameters, which ``ClientRequest.required`` derives from the name of the parameter."""


def test_every_cause_is_explained():
    assert set(EXPLANATIONS) == set(Cause)


def test_explanations_say_what_happened_and_what_to_do():
    assert [cause for cause, (title, *_) in EXPLANATIONS.items() if not title or title.endswith(".")] == []
    assert [cause for cause, (_, advice, *_) in EXPLANATIONS.items() if not advice.endswith(".")] == []


def test_every_denial_and_every_problem_code_has_a_cause():
    assert {reason.cause.value for reason in DenialReason} == set(DenialReason)
    assert {code.cause.value for code in ProblemCode} == {code.replace("_", "-") for code in ProblemCode}


def test_every_cause_is_used():
    command = ["git", "grep", "-ohE", r"\bCause\.[A-Z0-9_]+", "--", "authserver", ":!authserver/web/admin"]
    named = set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    enumerated = {*(reason.cause for reason in DenialReason), *(code.cause for code in ProblemCode)}
    derived = {*enumerated, *DERIVED, Cause.LOGIN_REQUIRED, Cause.CONSENT_REQUIRED}
    assert {cause.name for cause in Cause if f"Cause.{cause.name}" not in named} <= {
        one.name for one in derived
    }
