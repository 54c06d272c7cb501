"""What of payouts one of the operator's staff asks for and another approves."""

from typing import Final

from wallet.payouts import release_batch

APPROVABLE: Final = (release_batch.APPROVABLE,)
