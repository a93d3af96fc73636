"""Where readings wait: in memory, then on disk, and what became of them all."""
