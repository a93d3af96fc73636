"""From readings to workouts: when one began and ended, and what it came to."""
