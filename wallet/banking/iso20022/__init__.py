"""ISO 20022, as far as banks and we speak it: pain.001.001.09, pain.002.001.10, camt.053.001.08."""
