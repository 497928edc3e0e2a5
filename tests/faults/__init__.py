"""What must hold when things go wrong or happen at once: the invariants of docs/security.md under races and crashes."""
