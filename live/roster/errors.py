"""Why the roster of hosts refuses."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class HostUnknown(NotFound):
    """Nobody has entered a record of this host, or no account with this number presents."""

    code = "live_host_unknown"
    title = "主播不存在或尚未建档"
    title_en = "No such host, or none that is on record"


class HostPaperInvalid(Invalid):
    """The identity card's number is not valid; ``reason`` says why. The number is never quoted."""

    code = "live_host_paper_invalid"
    title = "主播证件号码有误"
    title_en = "The host's identity card is not valid"


class HostTooYoung(Invalid):
    """Nobody presents before the sixteenth birthday (live reference 5)."""

    code = "live_host_too_young"
    title = "未满十六周岁不得担任主播"
    title_en = "A host is sixteen or older"


class HostOnRecord(Conflict):
    """The account is on record, or the card is, under another account."""

    code = "live_host_on_record"
    title = "该账号或该证件已建档"
    title_en = "The account or the card is on record already"


class HostBlacklisted(NotPermitted):
    """Whose card is on the blacklist is not entered again, under no account."""

    code = "live_host_blacklisted"
    title = "该人员已列入主播黑名单"
    title_en = "This person is on the blacklist of hosts"


class HostEntryInvalid(Invalid):
    """Days are not in order or lie ahead; ``member`` names the one that is wrong."""

    code = "live_host_entry_invalid"
    title = "日期或期限有误"
    title_en = "A day is not in order, or lies ahead"


class HostContractExists(Conflict):
    """A contract with this number is on the host's record."""

    code = "live_host_contract_exists"
    title = "该合同已登记"
    title_en = "The contract is on record already"


class BlacklistingOpen(Conflict):
    """One about this person waits for a decision, or there is nothing to list or to lift."""

    code = "live_blacklisting_open"
    title = "该人员已有待审的黑名单申请或无需变更"
    title_en = "One is waiting already, or nothing would change"


class BlacklistingUnknown(NotFound):
    """No blacklisting with this number."""

    code = "live_blacklisting_unknown"
    title = "黑名单申请不存在"
    title_en = "No such blacklisting"


class BlacklistingDecided(Conflict):
    """It was decided before; ``state`` is where it stands."""

    code = "live_blacklisting_decided"
    title = "黑名单申请已审结"
    title_en = "The blacklisting has been decided"
