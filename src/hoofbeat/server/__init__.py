"""Listeners, connections, timers: a broker on an event loop."""
