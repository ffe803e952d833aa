"""Commands on hosts (RFC 5732)."""
