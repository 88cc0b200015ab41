"""What the judges find and we leave as it is, each with its reason.

`judges.py` compares this table with what they find. A finding without a reason is an error; so is a reason without
a finding. Rules and resources (`stack.Resource`) are regular expressions, as narrow as the reason.
"""

import re
from dataclasses import dataclass
from typing import Final

Finding = tuple[str, str]
"""A rule of a judge, and `stack.Resource`."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule, the resources that it is about, and why they are as they are."""

    rule: str
    resources: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is one of these."""
        rule, resource = finding
        return re.fullmatch(self.rule, rule) is not None and re.fullmatch(self.resources, resource) is not None


_TABLE: Final = r"AwsSolutions-IAM5\[Resource::.*:table/<Prefix>-"
_OBJECTS: Final = r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::<Prefix>-"
_LOGS: Final = r"AwsSolutions-IAM5\[Resource::.*:log-group:/"
_BALANCERS: Final = r"service\.(Nlb|Alb)"
_NO_URLS: Final = "an access log would hold whole URLs, in which a look-up may carry a card number"
_UNREAD: Final = "the address is a parameter, which the rule cannot read; the port is one, and no SSH"
_NAMES_OF_FILES: Final = (
    "names of clients' files are the clients' own words, and an access log would keep them; "
    "data events of CloudTrail say who reads the lake"
)

CDK_NAG: Final = (
    Explained("AwsSolutions-S1", r"data\.(LakeBucket|FilesBucket)", _NAMES_OF_FILES),
    Explained("PCI.DSS.321-S3BucketLoggingEnabled", r"data\.(LakeBucket|FilesBucket)", _NAMES_OF_FILES),
    Explained(
        "(AwsSolutions-S10|PCI.DSS.321-S3BucketSSLRequestsOnly)",
        r"data\.(LakePolicy|FilesPolicy)",
        "the policies refuse calls without TLS, by a name that the rule cannot compare; a test holds it",
    ),
    Explained(
        "PCI.DSS.321-S3BucketVersioningEnabled",
        r"data\.FilesBucket",
        "a version would keep card numbers after the file is removed",
    ),
    Explained(
        "PCI.DSS.321-S3BucketReplicationEnabled",
        r"data\.(LakeBucket|FilesBucket)",
        "copies in another region are a decision of law and price; clients' files must have none",
    ),
    Explained(
        "AwsSolutions-SMG4",
        r"data\.(CardKeys|IdentityKey|CursorKey|DeadLetterKey|IngestKey)Secret",
        "ids are made of these keys: a rotation by a schedule would make other ids (docs/key-compromise.md)",
    ),
    Explained(
        "AwsSolutions-SMG4", r"data\.IngestApiKeysSecret", "API keys are replaced by their owners, by `txn keys`"
    ),
    Explained(
        "AwsSolutions-SMG4",
        r"warehouse\.(Postgres|Redshift)(Password|Url)",
        "the URL is put together of the password when the stack is deployed; a rotation would part them",
    ),
    Explained(
        "AwsSolutions-KDS3",
        r"data\.(Stream|AlertsStream)",
        "a key of our own, since its policy says who may read the stream",
    ),
    Explained(
        r"AwsSolutions-IAM4\[.*/(AWSBackupServiceRolePolicyFor(Backup|Restores)|AmazonRDSEnhancedMonitoringRole"
        r"|AmazonECSInfrastructureRolePolicyForLoadBalancers)\]",
        r"(data\.BackupRole|service\.TrafficRole|warehouse\.PostgresMonitoringRole)",
        "what the service itself needs is kept by Amazon, who knows it when it changes",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"(access|warehouse)\..*ExecutionRole",
        "ecr:GetAuthorizationToken knows no resource",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"access\.FilesFunctionRole",
        "interfaces in the VPC, which Lambda makes by the role; the function's own code is denied them",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::.*:repository/\*\]",
        r"(access|warehouse)\..*ExecutionRole",
        "the repository is in the parameter Image, of which no policy can take a part",
    ),
    Explained(
        _TABLE + r"(transactions|merchants|cards|index-leases|index-ledger)-g\*(/index/\*)?\]",
        r"access\.(Api|Index|IndexFunction|Operator)Role",
        "further generations of the index, which a rebuild makes beside the first",
    ),
    Explained(
        _TABLE + r"(transactions|alerts|cases)/index/\*\]", r"access\.ApiRole", "the indexes of that very table"
    ),
    Explained(_OBJECTS + r"lake-.*/[a-z-]+/(dt=)?\*\]", r"(access|warehouse)\..*Role", "the objects of one prefix"),
    Explained(
        _OBJECTS + r"files-.*/\*\]",
        r"access\.(Ingest|FilesFunction)Role",
        "the files of all clients, which it takes in",
    ),
    Explained(_LOGS + r".*:\*\]", r"(access|warehouse)\..*Role", "the streams of that very log group"),
    Explained(
        r"AwsSolutions-IAM5\[Resource::.*:task-definition/<Prefix>-warehouse-(postgres|redshift):\*\]",
        r"warehouse\..*StartRole",
        "the versions of that very task definition",
    ),
    Explained(
        "PCI.DSS.321-IAMNoInlinePolicy",
        r"(network|access|warehouse)\..*Role",
        "a policy that is one role's alone is read, changed and deleted with it",
    ),
    Explained(
        "AwsSolutions-ECS2",
        r"(service|warehouse)\..*Task",
        "names and numbers; secrets come from Secrets Manager, and a test holds it",
    ),
    Explained("(AwsSolutions-ELB2|PCI.DSS.321-ELBLoggingEnabled)", _BALANCERS, _NO_URLS),
    Explained(
        "PCI.DSS.321-ELBv2ACMCertificateRequired",
        r"service\.InsideListener",
        "API Gateway alone reaches it, inside the VPC, and ends the clients' TLS before",
    ),
    Explained("AwsSolutions-APIG4", r"service\.GatewayRoute", "our API checks every request's key or token itself"),
    Explained(
        "(AwsSolutions-EC23|PCI.DSS.321-EC2RestrictedCommonPorts|PCI.DSS.321-EC2RestrictedSSH)",
        r"(network\.EndpointGroup|service\.FromClients|service\.FromNetwork)",
        _UNREAD,
    ),
    Explained(
        "PCI.DSS.321-LambdaInsideVPC",
        r"service\.IndexFunction",
        "it calls Amazon's services alone, whose addresses are public; the stream calls it, and nobody else can",
    ),
    Explained(
        "PCI.DSS.321-VPCDefaultSecurityGroupClosed",
        r"network\.Vpc",
        "CloudFormation cannot change a default group; nothing of ours is in it",
    ),
    Explained(
        "PCI.DSS.321-VPCNoUnrestrictedRouteToIGW",
        r"network\.FrontRoute",
        "made for an internet-facing balancer alone; no task stands in its subnets",
    ),
    Explained("AwsSolutions-RDS11", r"warehouse\.Postgres", "its security group lets runs in, and nobody else"),
    Explained(
        "W9003",
        r"service\.\w+Task",
        "KeepIndexDays is a number, so that it has bounds; CloudFormation makes it the text of a variable",
    ),
    Explained("F3033", r"watch\.Page", "the blank default of PageTopic is never used: a condition guards it"),
    Explained(
        "W1001", r"network\.network", "each reference stands in the branch of a condition that makes its target"
    ),
)
CHECKOV: Final = (
    Explained("CKV_AWS_18", r"data\.(LakeBucket|FilesBucket)", _NAMES_OF_FILES),
    Explained("CKV_AWS_21", r"data\.FilesBucket", "a version would keep card numbers after the file is removed"),
    Explained(
        "CKV_AWS_111",
        r"access\.FilesFunctionRole",
        "interfaces in the VPC, which Lambda makes by the role; the function's own code is denied them",
    ),
    Explained(
        "CKV_AWS_116",
        r"service\.FilesFunction",
        "an event that is given up loses nothing: its file lies in the bucket, where the next sweep finds it",
    ),
    Explained("CKV_AWS_91", r"service\.Nlb", "a network balancer sees no request, and would log connections alone"),
)
EXPLAINED: Final[dict[str, tuple[Explained, ...]]] = {"cfn-lint": (), "checkov": CHECKOV, "cdk-nag": CDK_NAG}
