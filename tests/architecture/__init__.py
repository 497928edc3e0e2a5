"""Rules of the code base (docs/architecture.md): each is a test that is also shown to fail on a planted violation."""
