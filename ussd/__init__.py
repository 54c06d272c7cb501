"""USSD: menus on any phone. Gateways map their requests to an `Event` and answer a `Screen`."""
