"""Why the gate stays shut."""

from kit.errors import Conflict, NotPermitted


class SessionNotReady(Conflict):
    """The session may not go on air; ``obstacles`` name why, ``products`` those of the shelf that are not signed.

    ``unknown``, ``blacklisted``, ``identity_check``, ``contract``, ``training``, ``too_young`` and ``guardian_consent``
    are the host's; ``reverification``: nobody has verified the host for this session within a day; ``sign_off``: the
    shelf; ``readiness``: nobody has asked yet. ``reasons`` say each in words, product by product.
    """

    code = "live_session_not_ready"
    title = "开播条件尚未满足"
    title_en = "The session may not go on air yet"


class NotASigner(NotPermitted):
    """Others of the county sign products before the air (``LIVE_SIGNERS``)."""

    code = "live_not_a_signer"
    title = "该账号不承担播前商品签字"
    title_en = "This account does not sign products"


class ProductNotCleared(Conflict):
    """Something stands against showing a product; ``findings`` are kinds by product, ``reasons`` say them in words."""

    code = "live_product_not_cleared"
    title = "商品播前检查未通过"
    title_en = "A product has not passed the check before the air"


class ProductNotSigned(Conflict):
    """The product is not signed off as it stands on the shelf now; an officer looks at it first."""

    code = "live_product_not_signed"
    title = "商品未经审核签字，不能讲解"
    title_en = "The product is not signed off and cannot be pinned"
