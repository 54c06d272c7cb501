"""ISO 20022, as far as banks and we speak it: pain.001 out, pain.002 and camt.053 in."""
