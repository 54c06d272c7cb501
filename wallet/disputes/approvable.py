"""What of disputes one of the operator's staff asks for and another approves."""

from typing import Final

from wallet.disputes import split

APPROVABLE: Final = (split.APPROVABLE,)
