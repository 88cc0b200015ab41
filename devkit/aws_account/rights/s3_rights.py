"""The rights that calls to S3 need, with the context keys of their conditions.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3", and S3 User Guide,
"Required permissions for Amazon S3 API operations". `HeadBucket` needs `s3:ListBucket`; a write with `If-Match`,
which tells whether an object is there, also needs `s3:GetObject`.
"""

import re
from typing import Final
from urllib.parse import unquote

from devkit.aws_account.policies.conditions import Context
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.rights.calls import SignedCall, UnknownCallError

_NO_SUBRESOURCE: Final = frozenset({
    "", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type", "marker",
    "max-keys", "partNumber", "prefix", "start-after", "uploadId", "version-id-marker", "versionId", "x-id",
})  # fmt: skip
"""Parameters that say which objects, and not which part of a bucket or object a call is about."""
_BUCKET_ACTIONS: Final = {
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
}
_LISTED: Final = re.compile(rb"<Object>(.*?)</Object>", re.DOTALL)
_KEY: Final = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
_CONTEXT_OF_HEADERS: Final = {
    "if-none-match": "s3:if-none-match",
    "if-match": "s3:if-match",
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def s3_rights(call: SignedCall) -> list[Right]:
    """The rights that a call needs, at least one; a list of buckets needs a right to no bucket.

    Raises:
        UnknownCallError: the call is of a kind that is not known here.
    """
    bucket, key = call.bucket_and_key
    if not bucket:
        return [Right("s3:ListAllMyBuckets", "*")]
    if key:
        return _object_rights(call, f"arn:aws:s3:::{bucket}/{key}")
    if call.method == "POST" and "delete" in call.query:
        return _deleted(call, bucket)
    action = _BUCKET_ACTIONS.get((call.method, _subresource(call)))
    if action is None:
        raise UnknownCallError(f"{call.method} of {_subresource(call) or 'a bucket'} is not known here")
    context: dict[str, tuple[str, ...]] = {}
    if action.startswith("ListBucket"):
        asked = {"s3:prefix": "prefix", "s3:delimiter": "delimiter", "s3:max-keys": "max-keys"}
        context = {key: (call.query[name],) for key, name in asked.items() if name in call.query}
    return [Right(f"s3:{action}", f"arn:aws:s3:::{bucket}", context)]


def _object_rights(call: SignedCall, arn: str) -> list[Right]:
    context = _header_context(call)
    if (subresource := _subresource(call)) not in {"", "uploads"}:
        raise UnknownCallError(f"{call.method} of {subresource} is not known here")
    match call.method:
        case "GET" | "HEAD":
            if "uploadId" in call.query:
                return [Right("s3:ListMultipartUploadParts", arn, context)]
            return [Right("s3:GetObjectVersion" if "versionId" in call.query else "s3:GetObject", arn, context)]
        case "DELETE":
            if "uploadId" in call.query:
                return [Right("s3:AbortMultipartUpload", arn, context)]
            action = "s3:DeleteObjectVersion" if "versionId" in call.query else "s3:DeleteObject"
            return [Right(action, arn, context), *_if_match(call, arn, context)]
        case "PUT" | "POST":
            return [Right("s3:PutObject", arn, context), *_if_match(call, arn, context), *_copied(call)]
        case _:
            raise UnknownCallError(f"{call.method} is not known here")


def _subresource(call: SignedCall) -> str:
    """The part of a bucket or object that a call is about; empty for the whole."""
    return next((name for name in call.query if name not in _NO_SUBRESOURCE), "")


def _header_context(call: SignedCall) -> Context:
    context = {key: (call.headers[name],) for name, key in _CONTEXT_OF_HEADERS.items() if name in call.headers}
    if call.method in {"PUT", "POST"}:
        # A part, and the beginning of an upload in parts, make no object yet.
        makes = "partNumber" not in call.query and "uploads" not in call.query
        context["s3:objectcreationoperation"] = (str(makes).lower(),)
    return context


def _if_match(call: SignedCall, arn: str, context: Context) -> list[Right]:
    return [Right("s3:GetObject", arn, context)] if "if-match" in call.headers else []


def _copied(call: SignedCall) -> list[Right]:
    source = call.headers.get("x-amz-copy-source")
    return [Right("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")] if source else []


def _deleted(call: SignedCall, bucket: str) -> list[Right]:
    rights = []
    for listed in _LISTED.findall(call.body):
        key = _KEY.search(listed)
        if key is None:
            raise UnknownCallError("a list of objects to delete has one without a key")
        action = "s3:DeleteObjectVersion" if b"<VersionId>" in listed else "s3:DeleteObject"
        rights.append(Right(action, f"arn:aws:s3:::{bucket}/{key.group(1).decode()}"))
    if not rights:
        raise UnknownCallError("a list of objects to delete is empty")
    return rights
