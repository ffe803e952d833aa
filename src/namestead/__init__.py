"""Namestead: a domain-name registry, the register itself and every door to it."""

__version__ = "0.1.0"
