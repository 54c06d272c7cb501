"""Exchange: reference rates, makers' prices, quotes, and top-ups from abroad.

The best price in the band, and the margin: `pricing.py`; what a maker may post: `makers.py`; what a
rate must be: `rates.py`; what open quotes keep of a maker's inventory: `open_quotes.py`; a quote is
accepted once, in time: `top_up.py`.
"""
