"""The wire format matches the transcript: status, headers, error codes and JSON members. Texts may change.

If you change the wire format intentionally, record the transcript again and commit it with the change:

    python -m tests.wire record

The diff of `transcript.txt` then shows reviewers what clients will see.
"""

import difflib
import subprocess
import sys

from tests.wire.installation import ROOT

RECORDED = ROOT / "tests" / "wire" / "transcript.txt"
_MAX_LINES = 400  # lines of a diff


def test_the_wire_format_is_the_recorded_one():
    # This runs in a separate process, because the recording freezes the clock and the application starts threads.
    shown = subprocess.run(
        [sys.executable, "-m", "tests.wire", "show"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    before, now = RECORDED.read_text(encoding="utf-8").splitlines(), shown.stdout.splitlines()
    found = list(difflib.unified_diff(before, now, "recorded", "now", n=12, lineterm=""))
    assert not found, "\n".join(["the wire format has changed:", *found[:_MAX_LINES]])
