"""Complete tasks of users and administrators in a real browser."""
