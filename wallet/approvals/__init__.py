"""Four eyes: what one of the operator's staff asks for, another approves."""
