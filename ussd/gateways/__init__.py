"""Gateways: each maps its own requests to an `Event`, and a `Screen` to its own answer."""
