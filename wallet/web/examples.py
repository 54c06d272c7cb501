"""The values that the API's document shows: people of the demo town, so that pasting them works.

Who sends, pays and offers is Juma, to Wanjiru; an agent's PIN is Amina's, a merchant's is Mama
Mboga's.
"""

from __future__ import annotations

from typing import Final

CUSTOMER: Final = "+254712345678"
CUSTOMER_PIN: Final = "5180"
RECEIVER: Final = "+254711000042"
RECEIVER_NAME: Final = "Wanjiru Kamau"
RECEIVER_PIN: Final = "2749"
AGENT_PIN: Final = "8264"
MERCHANT: Final = "+254722000010"
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
BANK_STATEMENT: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>STATEMENT-17</MsgId><CreDtTm>2026-01-05T18:00:00Z</CreDtTm></GrpHdr>
  <Stmt>
   <Id>STATEMENT-17</Id>
   <Acct><Id><Othr><Id>TRUST</Id></Othr></Id><Ccy>KES</Ccy></Acct>
   <Bal>
    <Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>
    <Amt Ccy="KES">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-05</Dt></Dt>
   </Bal>
   <Bal>
    <Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
    <Amt Ccy="KES">880.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-05</Dt></Dt>
   </Bal>
   <Ntry>
    <Amt Ccy="KES">120.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
    <BookgDt><Dt>2026-01-05</Dt></BookgDt>
    <AcctSvcrRef>CHARGE-17</AcctSvcrRef>
    <BkTxCd><Prtry><Cd>CHG</Cd></Prtry></BkTxCd>
   </Ntry>
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""
"""A charge, which is no payout's: it waits at `/v1/bank/exceptions`."""
