"""Selectors: which messages a subscription wants, said in JMS's subset of SQL-92."""
