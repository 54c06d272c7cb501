"""What of banking one of the operator's staff asks for and another approves."""

from typing import Final

from wallet.banking import take_upload

APPROVABLE: Final = (take_upload.APPROVABLE,)
