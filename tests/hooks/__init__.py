"""Tests of relays to what somebody built: a webhook, topics of a broker."""
