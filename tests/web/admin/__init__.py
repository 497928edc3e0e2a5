"""The console, as an administrator uses it."""
