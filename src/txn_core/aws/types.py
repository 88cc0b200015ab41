"""The types of AWS clients and of what their calls take and give. At run time, without the stubs, each is `Any`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodb.type_defs import (
        BatchGetItemOutputTypeDef,
        CreateTableInputTypeDef,
        GetItemOutputTypeDef,
        PutItemOutputTypeDef,
        QueryOutputTypeDef,
        UpdateItemOutputTypeDef,
    )
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import (
        ConsumerDescriptionTypeDef,
        PutRecordsOutputTypeDef,
        PutRecordsRequestEntryTypeDef,
    )
    from types_aiobotocore_s3 import S3Client
else:
    DynamoDBClient = KinesisClient = S3Client = CreateTableInputTypeDef = ConsumerDescriptionTypeDef = Any
    BatchGetItemOutputTypeDef = GetItemOutputTypeDef = PutItemOutputTypeDef = Any
    QueryOutputTypeDef = UpdateItemOutputTypeDef = Any
    PutRecordsOutputTypeDef = PutRecordsRequestEntryTypeDef = Any

__all__ = [
    "BatchGetItemOutputTypeDef",
    "ConsumerDescriptionTypeDef",
    "CreateTableInputTypeDef",
    "DynamoDBClient",
    "GetItemOutputTypeDef",
    "KinesisClient",
    "PutItemOutputTypeDef",
    "PutRecordsOutputTypeDef",
    "PutRecordsRequestEntryTypeDef",
    "QueryOutputTypeDef",
    "S3Client",
    "UpdateItemOutputTypeDef",
]
