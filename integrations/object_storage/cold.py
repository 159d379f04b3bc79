"""Old evidence in a bucket that speaks S3: big objects in parts, read in ranges, so that memory stays small."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from integrations.object_storage.s3 import bucket_at
from live.evidence.errors import ColdStorageUnavailable

PART = 16 * 1024 * 1024
"""Octets of a part, of which there are 10,000 at most: 160 GB."""
_AT_ONCE = 2
_TIMEOUT = timedelta(seconds=120)
"""Of one part: 16 MiB at little more than 1 Mbit/s."""


@dataclass(frozen=True)
class S3ColdStorage:
    """Implements ``live.ports.ColdStorage``. ``storage_class`` is the vendor's name, such as ``STANDARD_IA``; one whose
    objects have to be thawed before they are read is of no use.
    """

    store: S3Store = field(repr=False)
    storage_class: str = ""

    @classmethod
    def of(
        cls,
        *,
        bucket: str,
        endpoint: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        storage_class: str = "",
        checksum: str = "",
    ) -> "S3ColdStorage":
        """The bucket at an endpoint, as ``bucket_at`` takes it."""
        store = bucket_at(
            bucket=bucket,
            endpoint=endpoint,
            region=region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            timeout=_TIMEOUT,
            checksum=checksum,
        )
        return cls(store, storage_class)

    async def put(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """One signed PUT, or an upload in parts that is ended when all of them are there."""
        head = bytearray()
        async for piece in pieces:
            head += piece
            if len(head) > PART:
                break
        is_big = len(head) > PART

        async def whole() -> AsyncIterator[bytes]:
            yield bytes(head)
            async for piece in pieces:
                yield piece

        attributes = {"Content-Type": "application/octet-stream"}
        if self.storage_class:
            attributes["Storage-Class"] = self.storage_class
        try:
            await obstore.put_async(
                self.store,
                key,
                whole() if is_big else bytes(head),
                attributes=attributes,
                use_multipart=is_big,
                chunk_size=PART,
                max_concurrency=_AT_ONCE,
            )
        except BaseError as error:
            raise ColdStorageUnavailable() from error

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """One signed HEAD, then a signed GET for each range."""
        try:
            found = await obstore.head_async(self.store, key)
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise ColdStorageUnavailable() from error
        return self._ranges(key, found["size"])

    async def _ranges(self, key: str, size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, PART):
            try:
                yield bytes(await obstore.get_range_async(self.store, key, start=start, length=min(PART, size - start)))
            except (FileNotFoundError, BaseError) as error:
                raise ColdStorageUnavailable() from error

    async def delete(self, keys: Sequence[str]) -> None:
        """One signed DELETE a key."""
        for key in keys:
            try:
                await obstore.delete_async(self.store, key)
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise ColdStorageUnavailable() from error
