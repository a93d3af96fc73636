"""What a relay costs, measured beside what people would pick instead."""
