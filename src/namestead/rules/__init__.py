"""What the registry believes: tables and pure functions, with no I/O."""
