"""EPP (RFC 5730-5734 over TLS): one of the registry's doors. It translates; what may be done is decided further down."""
