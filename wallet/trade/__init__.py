"""Trade documents beside a held payment: order, shipment, proof of delivery, customs.

Who may file what, and when: `filing.py`; whether they tell the same: `matching.py`; the customs
document: `export.py`. None of them moves money.
"""
