"""Commands on domains (RFC 5731)."""
