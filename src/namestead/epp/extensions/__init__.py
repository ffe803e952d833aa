"""The extensions of EPP on the wire, one module an RFC."""
