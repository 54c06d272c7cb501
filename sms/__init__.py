"""Text messages: their wording, the outbox that delivers them, gateways, reports, inbound."""
