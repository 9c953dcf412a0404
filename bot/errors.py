"""The errors that this project raises on purpose.

BotError
├── SettingError            a setting is missing or wrong; the message names it
├── CatalogueError          a catalogue file cannot be taken; nothing was changed
│   └── RecordError         one record of it is unusable; the rest may go on
├── EditRefused             a procedure can't be changed as asked; the message says why, to staff
├── OneStopError            the one-stop database
│   └── OneStopUnavailable  cannot be reached or does not answer in time
├── CaseError               a case look-up that must not go on
│   ├── LookupLocked        too many wrong second facts; carries `until`
│   └── CaseNotShown        wrong or absent: the two read the same on purpose
├── DialogueError           Rasa could not answer this turn; the message waits and is tried again
├── ChannelError            the messaging platform refused or failed
│   ├── TokenError          the grant is lost or cannot be refreshed
│   ├── ConsentRefused      the account's people did not get the app connected; carries `code`
│   ├── SendRefused         final: this message can never be sent
│   ├── SendDeferred        later: carries `retry_after` in seconds
│   │   └── SendPaced       no call was left in this minute: the platform was not even asked
│   └── SendUnknown         accepted or not, nobody knows: never blindly repeated
├── FileNotSendable         a file of staff can't go to a citizen; the message says why, to staff
├── FileRefused             a citizen's file is not fetched; `again` when another try may do it
├── StaffError              a staff account cannot be made or used as asked; the message says why
├── CannedError             a canned reply cannot be kept; the message says why, in Vietnamese
├── PeriodError             days that no figures can be counted over; the message says why, to staff
├── WindowClosed            the platform lets nobody write to this citizen now
└── LostRace                somebody else changed the row first
"""

from __future__ import annotations

import datetime as dt


class BotError(Exception):
    """Base of every error that is raised on purpose."""


class SettingError(BotError):
    """A setting is missing or wrong; the message names it."""


class CatalogueError(BotError):
    """A catalogue file cannot be taken; nothing was changed."""


class RecordError(CatalogueError):
    """One record is unusable."""


class EditRefused(BotError):
    """A change of a procedure can't be made as asked; the message tells staff why, in Vietnamese.

    `field`: the part of the form that it is about, or "". `version`: the revision it collides with.
    """

    def __init__(self, message: str, *, field: str = "", version: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.version = version


class OneStopError(BotError):
    """The one-stop database failed."""


class OneStopUnavailable(OneStopError):
    """The one-stop database cannot be reached or does not answer in time."""


class CaseError(BotError):
    """A case look-up that must not go on."""


class LookupLocked(CaseError):
    """Too many wrong second facts for this citizen or this case."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(f"locked until {until.isoformat()}")
        self.until = until


class CaseNotShown(CaseError):
    """The code is unknown or the second fact is wrong; which of the two is not told."""


class DialogueError(BotError):
    """Rasa could not answer this turn."""


class ChannelError(BotError):
    """The messaging platform refused or failed."""


# How the errors end that a new grant may mend: rows keep the text, and are found by it.
RENEWED_IS_REFUSED = "the new token is refused too"
NEEDS_PERSON = "the account needs a person"


class TokenError(ChannelError):
    """The grant is lost or cannot be refreshed. Its text begins with MARK: so rows tell it."""

    MARK = "token: "

    def __init__(self, message: str) -> None:
        super().__init__(f"{self.MARK}{message}")


class ConsentRefused(ChannelError):
    """A consent that connects nothing: `code` is a word of ours, `detail` what Zalo named."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class SendRefused(ChannelError):
    """This message can never be sent."""


class SendDeferred(ChannelError):
    """Try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SendPaced(SendDeferred):
    """No call was left in this minute; nothing was tried."""


class SendUnknown(ChannelError):
    """Whether the platform accepted the message is unknown.

    `may_arrive`: the call may still be on its way, so that a look now would prove nothing.
    """

    def __init__(self, message: str, *, may_arrive: bool = True) -> None:
        super().__init__(message)
        self.may_arrive = may_arrive


class LostRace(BotError):
    """Somebody else changed the row first."""


class DraftNotOpen(BotError):
    """A draft that can't be decided about any more: "decided", or why it is out of date."""


class FileNotSendable(BotError):
    """A file that staff want to send can't be; the message tells them why, in Vietnamese."""


class FileRefused(BotError):
    """A file that a citizen sent is not fetched; the message says why, without secrets of its URL.

    `again`: a second try could go better.
    """

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class StaffError(BotError):
    """A staff account cannot be made or used as asked; `said` tells staff why, in Vietnamese."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said or "Chưa làm được việc này. Mời anh/chị tải lại trang rồi thử lại."


class CannedError(BotError):
    """A canned reply cannot be kept as given; the message tells staff why, in Vietnamese."""


class TemplateError(BotError):
    """A template message cannot be kept or sent as given; the message tells staff why."""


class PeriodError(BotError):
    """Days that no figures can be counted over; the message tells staff why, in Vietnamese."""


class WindowClosed(BotError):
    """The platform lets nobody write to this citizen now."""


class WindowOpen(BotError):
    """The citizen can be written to freely: a paid template message is not needed."""


class ReviewError(BotError):
    """A decision about what citizens asked cannot be taken so; the message tells staff why."""
