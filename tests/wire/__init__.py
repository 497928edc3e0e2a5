"""A transcript of what clients and browsers see: status, headers, error codes and JSON members, without the wording."""
