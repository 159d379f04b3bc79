"""A bucket that speaks S3, by obstore, with signed requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from content.errors import StorageUnavailable

IMMUTABLE = "public, max-age=31536000, immutable"
"""A key is never used for other bytes, so what was fetched once is good for ever."""

_TIMEOUT = timedelta(seconds=15)


def bucket_at(
    *,
    bucket: str,
    endpoint: str,
    region: str,
    access_key_id: str,
    secret_access_key: str,
    timeout: timedelta,
    checksum: str = "",
) -> S3Store:
    """A bucket whose every request is signed (AWS Signature Version 4) and answered in time.

    ``endpoint`` is that of the region, such as ``https://cos.ap-guangzhou.myqcloud.com``, or the bucket's own, which
    begins with its name: then the name stands in the host alone. With the ``checksum`` ``sha256`` whatever is put
    carries its own, as S3 demands it where the bucket locks objects.
    """
    return S3Store(
        bucket,
        config={"checksum_algorithm": checksum} if checksum else None,
        endpoint=endpoint,
        region=region,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        virtual_hosted_style_request=(urlsplit(endpoint).hostname or "").startswith(f"{bucket}."),
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": timeout},
        retry_config={"max_retries": 2, "retry_timeout": timeout},
    )


@dataclass(frozen=True)
class S3Storage:
    """Implements ``content.ports.ObjectStorage``. The bucket's policy opens ``public/*`` and nothing else."""

    store: S3Store = field(repr=False)

    @classmethod
    def of(cls, *, bucket: str, endpoint: str, region: str, access_key_id: str, secret_access_key: str) -> "S3Storage":
        """The bucket at an endpoint, as :func:`bucket_at` takes it."""
        return cls(
            bucket_at(
                bucket=bucket,
                endpoint=endpoint,
                region=region,
                access_key_id=access_key_id,
                secret_access_key=secret_access_key,
                timeout=_TIMEOUT,
            )
        )

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """One signed PUT with the headers that the file is served with."""
        attributes = {"Content-Type": content_type, "Cache-Control": IMMUTABLE}
        try:
            await obstore.put_async(self.store, key, content, attributes=attributes, use_multipart=False)
        except BaseError as error:
            raise StorageUnavailable() from error

    async def get(self, key: str) -> bytes | None:
        """One signed GET."""
        try:
            found = await obstore.get_async(self.store, key)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise StorageUnavailable() from error

    async def delete(self, keys: Sequence[str]) -> None:
        """One signed DELETE a key."""
        for key in keys:
            try:
                await obstore.delete_async(self.store, key)
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise StorageUnavailable() from error
