"""Whatever may go wrong with services, machines and streams, and a ledger over it all."""
