"""What outlives an invocation: executions, definitions and large payloads."""

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from dalsegno_cdk.settings import DalsegnoSettings, SettingsError
from dalsegno_state.aws.layout import EXECUTION_INDEXES, Index


class Storage(Construct):
    """Two on-demand tables and a bucket, all encrypted; they survive a deleted stack if kept.

    Attributes:
        key: Of this account; None if AWS's own keys are used.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: DalsegnoSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        if settings.customer_key and Token.is_unresolved(Stack.of(self).region):
            raise SettingsError("customerKey: needs a stack whose region is given")
        self._removal = RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
        self.key = self._key() if settings.customer_key else None
        self.executions = self._table(
            "Executions", [_global_index(index) for index in EXECUTION_INDEXES]
        )
        self.definitions = self._table("Definitions", [])
        self.payloads = self._bucket()

    def _key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description=f"Data of Dalsegno, stage {self._settings.stage}",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )

    def _table(
        self, name: str, indexes: list[dynamodb.GlobalSecondaryIndexPropsV2]
    ) -> dynamodb.TableV2:
        encryption = (
            dynamodb.TableEncryptionV2.customer_managed_key(self.key)
            if self.key
            else dynamodb.TableEncryptionV2.dynamo_owned_key()
        )
        return dynamodb.TableV2(
            self,
            name,
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute="expiresAt",
            encryption=encryption,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            global_secondary_indexes=indexes,
            deletion_protection=self._settings.keep_data,
            removal_policy=self._removal,
        )

    def _bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Payloads",
            encryption=s3.BucketEncryption.KMS if self.key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=self.key,
            bucket_key_enabled=True if self.key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))
            ],
            removal_policy=self._removal,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _global_index(index: Index) -> dynamodb.GlobalSecondaryIndexPropsV2:
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=index.name,
        partition_key=_text(index.partition),
        sort_key=dynamodb.Attribute(name=index.sort, type=dynamodb.AttributeType.NUMBER),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
