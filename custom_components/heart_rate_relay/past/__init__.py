"""What the recorder keeps of the past becomes readings."""
