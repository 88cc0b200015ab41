"""The account that resolved stacks make: roles, policies of buckets and keys, and what is encrypted by which key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from devkit.aws_account.account import Account, Role
from devkit.aws_account.policies.policy import Policy
from devkit.aws_account.templates.physical_names import Place
from devkit.aws_account.templates.resolved_stack import ResolvedStack, Resource


def account_of(stacks: Iterable[ResolvedStack]) -> Account:
    """The account of some stacks, all of one account and region.

    Raises:
        UnknownKeyError: a policy has a condition that cannot be judged here.
    """
    listed = list(stacks)
    account = Account(listed[0].place.account, listed[0].place.region)
    for stack in listed:
        place = stack.place
        attached = _attached(stack)
        for role in stack.of_kind("AWS::IAM::Role"):
            made = _role(role, place, attached.get(role.reference, ()))
            account.roles[made.arn] = made
        for bucket_policy in stack.of_kind("AWS::S3::BucketPolicy"):
            arn = f"arn:aws:s3:::{bucket_policy.properties['Bucket']}"
            document = bucket_policy.properties["PolicyDocument"]
            account.resource_policies[arn] = Policy.parse(bucket_policy.logical_id, document)
        for key in stack.of_kind("AWS::KMS::Key"):
            account.key_policies[key.attribute("Arn", place)] = Policy.parse(
                key.logical_id, key.properties["KeyPolicy"]
            )
        account.key_of |= {arn: _key_arn(key_id, place) for arn, key_id in _encrypted(stack)}
    account.require_supplied()
    return account


def _role(role: Resource, place: Place, attached: Iterable[Policy]) -> Role:
    inline = [Policy.parse(one["PolicyName"], one["PolicyDocument"]) for one in role.properties.get("Policies", ())]
    trust = Policy.parse("trust", role.properties["AssumeRolePolicyDocument"])
    return Role(role.reference, role.attribute("Arn", place), trust, (*inline, *attached))


def _attached(stack: ResolvedStack) -> dict[str, list[Policy]]:
    """Policies that are resources of their own, by the name of the role that they are for."""
    found: dict[str, list[Policy]] = {}
    for resource in stack.of_kind("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        properties = resource.properties
        policy = Policy.parse(properties.get("PolicyName", resource.logical_id), properties["PolicyDocument"])
        for role in properties.get("Roles", [properties.get("RoleName")]):
            found.setdefault(role, []).append(policy)
    return found


def _encrypted(stack: ResolvedStack) -> Iterator[tuple[str, str]]:
    """What is encrypted with a key of the account: its ARN, and the key as the property names it."""
    for resource in stack.resources.values():
        if key := _key_of(resource.kind, resource.properties):
            yield resource.attribute("Arn", stack.place), key


def _key_of(kind: str, properties: Mapping[str, Any]) -> Any:
    """The key that a property names, or None."""
    match kind:
        case "AWS::Kinesis::Stream":
            return properties.get("StreamEncryption", {}).get("KeyId")
        case "AWS::DynamoDB::Table":
            return properties.get("SSESpecification", {}).get("KMSMasterKeyId")
        case "AWS::SecretsManager::Secret":
            return properties.get("KmsKeyId")
        case "AWS::S3::Bucket":
            rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
            return rules[0].get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        case _:
            return None


def _key_arn(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else f"arn:aws:kms:{place.region}:{place.account}:key/{key}"
