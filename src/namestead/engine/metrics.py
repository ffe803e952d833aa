"""What the engine counts, for Prometheus. No label carries a name, a key or anything a caller can make up."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """One set of instruments a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.commands = Counter(
            "namestead_commands", "Commands answered, by command and result", ("command", "result"), registry=r
        )
        self.turned_away = Counter(
            "namestead_turned_away", "Requests refused at the gates, by error code", ("code",), registry=r
        )
        self.batch_size = Histogram(
            "namestead_batch_size",
            "Commands in a batch",
            ("lane",),
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=r,
        )
        self.queue_wait = Histogram(
            "namestead_queue_wait_seconds", "Longest wait of a batch's commands", ("lane",), buckets=_FAST, registry=r
        )
        self.step = Histogram(
            "namestead_batch_step_seconds", "Time of a batch's steps", ("step",), buckets=_FAST, registry=r
        )
        self.replays = Counter("namestead_replays", "Answers given again for an idempotency key", registry=r)
        self.halved = Counter("namestead_batches_halved", "Batches that failed as a whole and were split", registry=r)
        self.unknown = Counter(
            "namestead_outcomes_unknown",
            "Commits whose outcome was read from the log afterwards",
            ("outcome",),
            registry=r,
        )
        self.waiting = Gauge("namestead_waiting", "Commands waiting in queues", ("lane",), registry=r)
        self.epp_connections = Gauge("namestead_epp_connections", "EPP connections that are open", registry=r)
        self.epp_sessions = Gauge("namestead_epp_sessions", "EPP sessions that are logged in", registry=r)
        self.pool = Gauge("namestead_pool_connections", "Connections of the listings' pool", ("state",), registry=r)
        self.reconnects = Counter("namestead_reconnects", "Database connections made anew", ("connection",), registry=r)
