"""A bucket under a lock, at moto's server, which checks every signature (AWS Signature Version 4)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx
from moto import settings as moto_settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer

from integrations.object_storage.cold import S3ColdStorage
from tests.servers import free_port

BUCKET = "county-evidence"
_NAMES = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


class Bucket:
    """``raw`` looks at the bucket past our adapter."""

    def __init__(self, endpoint: str, key: dict[str, str]) -> None:
        self.endpoint, self.key = endpoint, key
        names = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        self.raw: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **names)

    def storage(self, **other: str) -> S3ColdStorage:
        told = {
            "bucket": BUCKET,
            "endpoint": self.endpoint,
            "access_key_id": self.key["AccessKeyId"],
            "secret_access_key": self.key["SecretAccessKey"],
        } | other
        return S3ColdStorage.of(region="us-east-1", **told)

    def keys(self, number: str) -> set[str]:
        """What lies there of a session."""
        found = self.raw.list_objects_v2(Bucket=BUCKET, Prefix=f"live-evidence/{number}/")
        return {each["Key"] for each in found.get("Contents", [])}


def _take_any_checksum(server: ThreadedMotoServer) -> None:
    """Of an object under a lock S3 wants Content-MD5 or any x-amz-checksum header; moto knows but one by its name."""
    running: Any = server._server
    app = running.app

    def told(environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_X_AMZ_CHECKSUM_SHA256" in environ:
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "SHA256"
        return app(environ, start_response)

    running.app = told


def buckets() -> Iterator[Bucket]:
    """One, with an account that may use it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    _take_any_checksum(server)
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    iam = boto3.client("iam", endpoint_url=endpoint, **_NAMES)
    iam.create_user(UserName="county")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="county", PolicyName="bucket", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="county")["AccessKey"]
    bucket = Bucket(endpoint, key)
    bucket.raw.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    before = moto_settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count
    moto_settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count = 0, 0
    yield bucket
    moto_settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count = before
    httpx.post(f"{endpoint}/moto-api/reset").raise_for_status()  # else the next of this process finds this account
    server.stop()
