"""What the operator may do to the register: zones, accounts, registrars, keys, retained names, and what time it is."""
