"""The CDK app: one stack per stage, its settings from the context (``-c stage=prod``)."""

import os
import sys

import aws_cdk as cdk

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack, SettingsError


def main() -> int:
    """Synthesize the stack; return the exit status."""
    app = cdk.App()
    try:
        settings = DalsegnoSettings.from_context(app.node.get_all_context())
    except SettingsError as error:
        sys.stderr.write(f"dalsegno: {error}\n")
        return 2
    # Those of the credentials that the CDK's command was called with.
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    DalsegnoStack(
        app,
        f"dalsegno-{settings.stage}",
        settings=settings,
        env=cdk.Environment(account=account, region=region),
        description="Dalsegno: durable workflows",
        termination_protection=settings.keep_data,
    )
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
