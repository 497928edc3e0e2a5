"""The scripts that the make targets and developers run. Nothing in authserver/ imports these modules.

`environment.py` creates .venv from the lock files, `external_programs.py` finds or installs the programs that the tests
use (a browser, Apache, Node packages), and `debian.py` installs Debian packages. `environment.py` and `debian.py` use
only the standard library, because they run before any package is installed. `reference.py` generates docs/reference,
`translations.py` updates the message catalogs, `icons.py` updates the icon sprite, and `sample_texts.py` prints texts
for a review.
"""
