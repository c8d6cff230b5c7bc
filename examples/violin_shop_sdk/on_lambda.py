"""The shop's workers as a Lambda function, invoked with tasks or with messages of their queues."""

import os

from dalsegno import Worker
from dalsegno.workers.sqs import SqsQueues
from examples.violin_shop_sdk.workers import WORKERS

handler = Worker(*WORKERS, queues=SqsQueues(stage=os.environ["STAGE"])).lambda_handler()
