"""The object mappings of EPP on the wire: domains, hosts and contacts."""
