"""Access and refresh tokens: storage, rotation and introspection."""
