"""Commands on contacts (RFC 5733)."""
