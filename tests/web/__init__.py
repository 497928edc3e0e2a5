"""The doors, asked as browsers and machines ask them."""
