"""The tests of the profiles: what the bytes mean that monitors send."""
