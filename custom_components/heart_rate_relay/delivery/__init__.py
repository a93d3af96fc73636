"""From the outbox to a destination: pace, batches, outcomes."""
