"""Rails: who carries a payout to another network, and what they are asked."""
