"""List prices of us-east-1 in US$, without free tiers, as public pages gave them in November 2026.

No price was taken from a bill. ``verified`` says that a stored copy of the page, or two independent
transcriptions of it, showed this figure; the others are as they were remembered and are marked
with * wherever they are printed. Volume tiers, taxes, data transfer and logs are left out.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Price:
    """What a million of something costs.

    Attributes:
        what: The billed unit.
        usd: For a million of them.
        page: Where the provider says so.
    """

    what: str
    usd: float
    page: str
    verified: bool = True


_DYNAMODB: Final = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_LAMBDA: Final = "https://aws.amazon.com/lambda/pricing/"
_S3: Final = "https://aws.amazon.com/s3/pricing/"

WRITE_UNIT: Final = Price("DynamoDB write request unit (1 KB)", 0.625, _DYNAMODB)
READ_UNIT: Final = Price("DynamoDB read request unit (4 KB, consistent)", 0.125, _DYNAMODB)
SQS_REQUEST: Final = Price(
    "SQS request to a standard queue (64 KB)", 0.40, "https://aws.amazon.com/sqs/pricing/"
)
INVOCATION: Final = Price("Lambda invocation", 0.20, _LAMBDA)
GB_SECOND: Final = Price("Lambda GB-second on arm64", 13.3334, _LAMBDA)
HTTP_REQUEST: Final = Price(
    "HTTP API request (512 KB)", 1.00, "https://aws.amazon.com/api-gateway/pricing/"
)
SCHEDULE: Final = Price(
    "EventBridge Scheduler invocation", 1.00, "https://aws.amazon.com/eventbridge/pricing/"
)
S3_PUT: Final = Price("S3 PUT", 5.00, _S3, verified=False)
S3_GET: Final = Price("S3 GET", 0.40, _S3, verified=False)
STATE_TRANSITION: Final = Price(
    "Step Functions Standard state transition",
    25.00,
    "https://aws.amazon.com/step-functions/pricing/",
)
DURABLE_OPERATION: Final = Price("Lambda durable operation", 8.00, _LAMBDA)
DURABLE_KB: Final = Price("KB written by Lambda durable functions", 0.25, _LAMBDA, verified=False)

ALL: Final = (
    WRITE_UNIT,
    READ_UNIT,
    SQS_REQUEST,
    INVOCATION,
    GB_SECOND,
    HTTP_REQUEST,
    SCHEDULE,
    S3_PUT,
    S3_GET,
    STATE_TRANSITION,
    DURABLE_OPERATION,
    DURABLE_KB,
)
