"""What of transfers one of the operator's staff asks for and another approves."""

from typing import Final

from wallet.transfers import deposit, reverse

APPROVABLE: Final = (deposit.APPROVABLE, reverse.APPROVABLE)
