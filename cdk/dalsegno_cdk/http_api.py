"""The way in: API Gateway's HTTP API, or the functions' own URLs."""

from typing import cast

from aws_cdk import Duration, Fn
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from dalsegno_cdk.functions import Functions
from dalsegno_cdk.routes import Routes
from dalsegno_cdk.settings import AuthMode, DalsegnoSettings

_POLLING = "/api/tasks/poll/{proxy+}"
_ANYTHING = "/{proxy+}"
_WEBHOOK = "/webhook/{webhookId}"
_HARD_LIMIT = Duration.seconds(29)


class HttpApi(Construct):
    """An HTTP API in front of the two functions that answer requests; closed by default.

    Attributes:
        url: Where it is found, without a slash at its end.
        api: The gateway.
        failed_requests: How many requests were answered with 5xx.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        functions: Functions,
    ) -> None:
        super().__init__(scope, construct_id)
        domain = self._domain(settings)
        self.api = gateway.HttpApi(
            self,
            "Api",
            api_name=f"dalsegno-{settings.stage}",
            description="Dalsegno: Conductor's REST API",
            default_authorizer=_authorizer(settings),
            default_domain_mapping=gateway.DomainMappingOptions(domain_name=domain)
            if domain
            else None,
            disable_execute_api_endpoint=domain is not None,
        )
        self._throttle(settings.api_requests_per_second)
        self._add(_POLLING, gateway.HttpMethod.GET, "Poll", functions.poll.function)
        self._add(_ANYTHING, gateway.HttpMethod.ANY, "Any", functions.api.function)
        # Third parties sign nothing: the function asks for the webhook's secret instead, and
        # refuses webhooks that have none.
        self._add(
            _WEBHOOK,
            gateway.HttpMethod.POST,
            "Webhook",
            functions.api.function,
            authorizer=gateway.HttpNoneAuthorizer(),
        )
        self.url = f"https://{settings.domain}" if domain else self.api.api_endpoint
        self.failed_requests: cloudwatch.Metric = self.api.metric_server_error()
        self.domain_target = domain.regional_domain_name if domain else None

    def grant_invoke(self, grantee: iam.IGrantable, routes: Routes) -> None:
        """Let somebody call routes of the API, in auth mode ``iam``."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[self.api.arn_for_execute_api(method, path) for method, path in routes],
        )

    def _add(
        self,
        path: str,
        method: gateway.HttpMethod,
        name: str,
        function: lambda_.IFunction,
        *,
        authorizer: gateway.IHttpRouteAuthorizer | None = None,
    ) -> None:
        integration = integrations.HttpLambdaIntegration(name, function, timeout=_HARD_LIMIT)
        self.api.add_routes(
            path=path, methods=[method], integration=integration, authorizer=authorizer
        )

    def _throttle(self, requests_per_second: int | None) -> None:
        if requests_per_second is None:
            return
        stage = cast("gateway.HttpStage", self.api.default_stage)
        cast(
            "gateway.CfnStage", stage.node.default_child
        ).default_route_settings = gateway.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=requests_per_second,
            # Twice: what a second's worth of callers send within its first half is no flood.
            throttling_burst_limit=2 * requests_per_second,
        )

    def _domain(self, settings: DalsegnoSettings) -> gateway.DomainName | None:
        if settings.domain is None or settings.certificate_arn is None:
            return None
        return gateway.DomainName(
            self,
            "Domain",
            domain_name=settings.domain,
            certificate=certificates.Certificate.from_certificate_arn(
                self, "Certificate", settings.certificate_arn
            ),
        )


class FunctionUrls(Construct):
    """The functions' own URLs: nothing per request, but workers poll at an address of their own.

    Attributes:
        url: Where everything is found; polling works there too.
        poll_url: Where polling costs less.
        failed_requests: How many requests to the API were answered with 5xx, those to poll apart.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        functions: Functions,
    ) -> None:
        super().__init__(scope, construct_id)
        auth = (
            lambda_.FunctionUrlAuthType.AWS_IAM
            if settings.auth is AuthMode.IAM
            else lambda_.FunctionUrlAuthType.NONE
        )
        self._api = functions.api.function.add_function_url(auth_type=auth)
        self._poll = functions.poll.function.add_function_url(auth_type=auth)
        self.failed_requests = functions.api.function.metric("Url5xxCount")
        self.url = _without_slash(self._api)
        self.poll_url = _without_slash(self._poll)

    def grant_invoke(self, grantee: iam.IGrantable, _routes: Routes) -> None:
        """Let somebody call the API, in auth mode ``iam``; IAM tells no routes apart here."""
        self._api.grant_invoke_url(grantee)
        self._poll.grant_invoke_url(grantee)


def _without_slash(url: lambda_.FunctionUrl) -> str:
    host = Fn.select(2, Fn.split("/", url.url))
    return f"https://{host}"


def _authorizer(settings: DalsegnoSettings) -> gateway.IHttpRouteAuthorizer | None:
    """Return who checks callers at the gateway; with ``keys``, the functions do it themselves."""
    if settings.auth is AuthMode.IAM:
        return authorizers.HttpIamAuthorizer()
    if settings.auth is AuthMode.JWT and settings.jwt_issuer is not None:
        return authorizers.HttpJwtAuthorizer(
            "Jwt", settings.jwt_issuer, jwt_audience=list(settings.jwt_audience)
        )
    return None
