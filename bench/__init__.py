"""The measurements, each beside the limit it is held against: `python -m bench`. README.md says what each means."""
