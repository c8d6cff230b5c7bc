"""Any workflow becomes code that builds it again."""

from hypothesis import HealthCheck, given, settings

from dalsegno.definitions import dumps
from dalsegno.definitions.yaml_text import parse_yaml
from dalsegno.models import WorkflowDef
from tests.crash.world import Scenario
from tests.property.definitions import scenarios
from tests.unit.sdk.definitions.sources import rebuilt


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_code_of_any_workflow_builds_it_again(scenario: Scenario) -> None:
    for wire in scenario.definitions:
        definition = WorkflowDef.model_validate(wire)

        assert rebuilt(definition) == definition


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_text_of_any_workflow_is_read_again(scenario: Scenario) -> None:
    for wire in scenario.definitions:
        definition = WorkflowDef.model_validate(wire)
        (from_yaml,) = parse_yaml(dumps(definition, "yaml"))

        assert WorkflowDef.model_validate(from_yaml) == definition
        assert WorkflowDef.model_validate_json(dumps(definition)) == definition
