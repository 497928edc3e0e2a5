"""User sessions, recognised browsers and logout notices."""
