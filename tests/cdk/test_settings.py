"""Bad settings fail before anything is deployed, and the message names the setting."""

import json

import pytest

from dalsegno_cdk import AuthMode, DalsegnoSettings, SettingsError


def test_without_any_settings_the_api_is_closed() -> None:
    settings = DalsegnoSettings.from_context({})

    assert settings.auth is AuthMode.IAM
    assert settings.keep_data


def test_settings_may_be_text_as_the_command_line_gives_it() -> None:
    context = {"keepData": "false", "logRetentionDays": "7", "jwtAudience": "a, b"}

    settings = DalsegnoSettings.from_context(context)

    assert not settings.keep_data
    assert settings.log_retention_days == 7
    assert settings.jwt_audience == ("a", "b")


def test_what_else_is_in_the_context_is_none_of_our_business() -> None:
    context = {"aws:cdk:bundling-stacks": ["**"], "@aws-cdk/core:target-partitions": ["aws"]}

    assert DalsegnoSettings.from_context(context) == DalsegnoSettings()


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"stage": "a-b"}, "stage"),
        ({"stage": "Prod"}, "stage"),
        ({"auth": "basic"}, "auth"),
        ({"auth": "none"}, "auth"),
        ({"auth": "jwt", "jwtAudience": "x"}, "jwtIssuer"),
        ({"auth": "jwt", "jwtIssuer": "https://issuer.example.com"}, "jwtAudience"),
        ({"auth": "jwt", "jwtIssuer": "http://issuer.example.com"}, "jwtIssuer"),
        ({"logRetentionDays": "8"}, "logRetentionDays"),
        ({"logRetentionDays": "soon"}, "logRetentionDays"),
        ({"domain": "https://x"}, "domain"),
        ({"domain": "api.example.com"}, "certificateArn"),
        ({"certificateArn": "arn:aws:iam::1:role/x"}, "certificateArn"),
        ({"endpoint": "alb"}, "endpoint"),
        (
            {
                "endpoint": "function-url",
                "auth": "jwt",
                "jwtIssuer": "https://issuer.example.com",
                "jwtAudience": "x",
            },
            "endpoint",
        ),
        ({"architecture": "riscv"}, "architecture"),
        ({"python": "3.9"}, "python"),
        ({"alarmTopicArn": "me@example.com"}, "alarmTopicArn"),
        ({"keepData": "perhaps"}, "keepData"),
        ({"iamRoles": "admin"}, "iamRoles"),
        ({"iamRoles": '{"arn:aws:iam::123456789012:role/x": "owner"}'}, "iamRoles"),
        ({"iamRoles": {"arn:aws:iam::123456789012:role/team/*": "reader"}}, "iamRoles"),
        ({"jwtRoleClaim": ""}, "jwtRoleClaim"),
        ({"retentionDays": "-1"}, "retentionDays"),
        ({"retentionDays": "soon"}, "retentionDays"),
        ({"retentionDays": "36501"}, "retentionDays"),
        ({"archive": "perhaps"}, "archive"),
        ({"retention": "7"}, "did you mean retentionDays"),
    ],
)
def test_a_bad_setting_is_named(context: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        DalsegnoSettings.from_context(context)


def test_a_misspelt_setting_is_told_from_what_is_not_ours() -> None:
    with pytest.raises(SettingsError, match="did you mean logRetentionDays"):
        DalsegnoSettings.from_context({"logRetentionDay": "7"})


def test_no_stage_has_queues_that_another_would_list() -> None:
    prefixes = [DalsegnoSettings(stage=stage).queue_prefix for stage in ("prod", "prod2", "p")]

    assert not any(
        one.startswith(other) for one in prefixes for other in prefixes if one is not other
    )


def test_roles_may_be_json_as_the_command_line_gives_it() -> None:
    roles = {"arn:aws:iam::123456789012:role/x": "worker:charge", "*": "reader"}

    for given in (roles, json.dumps(roles)):
        settings = DalsegnoSettings.from_context({"iamRoles": given})
        assert dict(settings.iam_roles) == roles
