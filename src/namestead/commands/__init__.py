"""Everything the registry can do: one file a command, with `needs` and `decide`."""
