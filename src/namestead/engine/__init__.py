"""The only way in: queues, batches, look-ups, limits, and the clock. `docs/engine.md` explains the whole in one page."""
