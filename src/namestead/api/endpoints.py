"""Which body, which answer and which query parameters belong to a command: the HTTP half of the command table.

Method, path, scope and status stand in `commands/table.py`; nothing here repeats them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from namestead.api import answers, queries, schemas, status
from namestead.api.queries import Query
from namestead.api.schemas import Body
from namestead.commands.contact.info import InfoContact
from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.records import GetRecords
from namestead.commands.host.info import InfoHost
from namestead.commands.protocol import Answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`body` is what the request carries, or `asks` what a bodiless request about one object becomes; `lists` are the
    query parameters of a listing. `answer` is the type that is answered; `also` the form a body asks for that says it is
    one of `many`."""

    answer: type[msgspec.Struct]
    render: Callable[[str, str, Answer[Any]], msgspec.Struct] | None = None
    body: type[Body] | None = None
    body_optional: bool = False
    asks: Callable[[Any], Any] | None = None
    lists: type[Query] | None = None
    page: Callable[[str, Any], msgspec.Struct] | None = None
    also: type[msgspec.Struct] | None = None
    render_also: Callable[[str, str, Answer[Any]], msgspec.Struct] | None = None
    without_channel: bool = False


# fmt: off
ENDPOINTS: dict[str, Endpoint] = {
    "reset_sandbox": Endpoint(answers.Reset, answers.reset, schemas.ResetBody),
    "check_domain": Endpoint(
        answers.Checked, answers.checked, schemas.CheckBody, also=answers.CheckedAll, render_also=answers.checked_all
    ),
    "create_domain": Endpoint(answers.Changed, answers.changed, schemas.CreateBody),
    "info_domain": Endpoint(answers.Shown, answers.shown, asks=InfoDomain),
    "renew_domain": Endpoint(answers.Changed, answers.changed, schemas.RenewBody),
    "update_domain": Endpoint(answers.Changed, answers.changed, schemas.UpdateBody),
    "transfer_domain": Endpoint(answers.Moved, answers.moved, schemas.TransferBody, body_optional=True),
    "restore_domain": Endpoint(answers.Changed, answers.changed, schemas.RestoreBody, body_optional=True),
    "update_nameservers": Endpoint(answers.Changed, answers.changed, schemas.NameserversBody),
    "get_records": Endpoint(answers.Records, answers.records, asks=GetRecords),
    "update_records": Endpoint(answers.RecordsChanged, answers.records_changed, schemas.RecordsBody),
    "delete_domain": Endpoint(answers.Removed, answers.removed, schemas.DeleteBody, body_optional=True),
    "check_host": Endpoint(answers.HostsAnswered, answers.hosts_checked, schemas.CheckHostsBody),
    "create_host": Endpoint(answers.HostChanged, answers.host_changed, schemas.CreateHostBody),
    "info_host": Endpoint(answers.HostAnswered, answers.host_shown, asks=InfoHost),
    "update_host": Endpoint(answers.HostChanged, answers.host_changed, schemas.UpdateHostBody),
    "delete_host": Endpoint(answers.HostChanged, answers.host_changed, schemas.DeleteHostBody, body_optional=True),
    "check_contact": Endpoint(answers.ContactsAnswered, answers.contacts_checked, schemas.CheckContactsBody),
    "create_contact": Endpoint(answers.ContactChanged, answers.contact_changed, schemas.CreateContactBody),
    "info_contact": Endpoint(answers.ContactAnswered, answers.contact_shown, asks=InfoContact),
    "update_contact": Endpoint(answers.ContactChanged, answers.contact_changed, schemas.UpdateContactBody),
    "delete_contact": Endpoint(
        answers.ContactChanged, answers.contact_changed, schemas.DeleteContactBody, body_optional=True
    ),
    "read_message": Endpoint(answers.Messages, lists=queries.MessagesQuery, page=answers.messages),
    "ack_message": Endpoint(answers.MessageAcknowledged, answers.acknowledged, schemas.AckBody, body_optional=True),
    "list_domains": Endpoint(answers.Domains, lists=queries.DomainsQuery, page=answers.domains),
    "status": Endpoint(status.Status, lists=queries.StatusQuery, without_channel=True),
    "balance": Endpoint(answers.Balance, lists=queries.BalanceQuery, page=answers.balance),
    "poll": Endpoint(answers.Events, lists=queries.PollQuery, page=answers.events),
    "list_pending": Endpoint(answers.Pending, lists=queries.PendingQuery, page=answers.pending),
}
# fmt: on
