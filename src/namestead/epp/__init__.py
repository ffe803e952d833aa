"""EPP (RFC 5730 to 5734): the registry's door for registrars, and the same parts turned round as a client."""
