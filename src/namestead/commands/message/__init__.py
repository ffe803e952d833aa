"""Commands on the message queue (RFC 5730, 2.9.2.3)."""
