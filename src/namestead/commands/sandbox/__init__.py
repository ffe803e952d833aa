"""Commands for registrars that rehearse (OT&E)."""
