"""Every kind of notifier there is. A new one is a file beside this one and a line here."""

from __future__ import annotations

from auralarchive.notify.apprise_url import APPRISE
from auralarchive.notify.webhook import WEBHOOK
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.notifiers import Notifier, NotifierContext

NOTIFIER_TYPES: tuple[AdapterType[Notifier, NotifierContext], ...] = (APPRISE, WEBHOOK)
