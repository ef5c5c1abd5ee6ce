"""How bytes come in and go out: one adapter for each kind of transport."""
