"""What every model of the product derives from."""

from typing import Any

from tortoise.models import Model as TortoiseModel
from tortoise.models import ModelMeta


class _Unread(ModelMeta):
    """Tortoise parses the file of each model anew for ``#:`` comments to its columns. There are none, and for 250
    models that was a quarter of what it takes a process to start.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> ModelMeta:
        return super().__new__(cls, name, bases, {"_no_comments": True, **attrs})


class Model(TortoiseModel, metaclass=_Unread):
    """Tortoise's model, whose source is not read."""

    class Meta:
        """No table."""

        abstract = True
