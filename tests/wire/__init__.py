"""A transcript of the responses to clients and browsers: status, headers, error codes and JSON members, not texts."""
