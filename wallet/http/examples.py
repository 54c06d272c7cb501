"""The values that the API's document shows: people of the demo town, so that pasting them works.

Who sends and pays is Juma; an agent's PIN is Amina's, a merchant's is Mama Mboga's.
"""

from __future__ import annotations

from typing import Final

CUSTOMER: Final = "+254712345678"
CUSTOMER_PIN: Final = "5180"
RECEIVER: Final = "+254711000042"
RECEIVER_NAME: Final = "Wanjiru Kamau"
AGENT_PIN: Final = "8264"
MERCHANT_PIN: Final = "6093"
TILL: Final = "60100"
NEW_TILL: Final = "60900"
QR_PAYLOAD: Final = (
    "00020101021128210008ke.go.qr99056010040230010app.kibubu0105601005204541153034045802KE"
    "5910Mama Mboga6007Nairobi620907056010081240008ke.go.qr0108*384*77#82310008ke.go.qr0115"
    "05012026 12000090340010app.kibubu0216ZRWYC2OXSZ3OGGCS6304784D"
)
"""The till's printed code, sealed under the development key."""
NEW_PIN: Final = "8305"
UNREGISTERED: Final = "+254711666000"
NEWCOMER: Final = "+254711555000"
NEWCOMER_NAME: Final = "Akinyi Adhiambo"
