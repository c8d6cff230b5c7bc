"""The shop's workers, with their tasks from the queues of a deployment: ``STAGE=prod``."""

import os

from dalsegno import Worker
from dalsegno.workers.sqs import SqsQueues
from examples.violin_shop_sdk.workers import WORKERS

if __name__ == "__main__":
    Worker(*WORKERS, queues=SqsQueues(stage=os.environ["STAGE"])).run()
