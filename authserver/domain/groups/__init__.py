"""Groups of users: their members, and the clients that refer to them."""
