"""Prepaid plans: a number of visits for one price, each paid when it is confirmed."""
