"""The HTTP APIs: a door. Requests are turned into commands, answers and refusals into JSON; nothing is decided here."""
