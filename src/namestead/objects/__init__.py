"""The nouns of the registry: frozen values, with no I/O and no decisions of their own."""
