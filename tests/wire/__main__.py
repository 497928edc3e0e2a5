"""Record the transcript: `python -m tests.wire record`; `python -m tests.wire show` prints it instead."""

import sys
from pathlib import Path

from tests.support import lock_order
from tests.wire.transcript import record

RECORDED = Path(__file__).with_name("transcript.txt")

if __name__ == "__main__":
    with lock_order.checking() as violations:
        text, count = record()
    if violations:
        sys.exit("\n".join(sorted(set(violations))))
    if sys.argv[1:] == ["record"]:
        RECORDED.write_text(text, encoding="utf-8")
        sys.stderr.write(f"recorded {count} exchanges in {RECORDED.name}\n")
    elif sys.argv[1:] == ["show"]:
        sys.stdout.write(text)
    else:
        sys.exit(__doc__)
