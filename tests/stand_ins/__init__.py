"""The stand-ins keep their word, so that the other tests may rely on them."""
