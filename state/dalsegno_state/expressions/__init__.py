"""Conductor's ``${...}`` expressions: templates evaluated over the documents of a workflow."""

from dalsegno_state.expressions.budget import Budget
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import parse_path_in_document, path_error
from dalsegno_state.expressions.scope import Scope, walk
from dalsegno_state.expressions.secrets import (
    SECRETS_PREFIX,
    SecretPlace,
    SecretText,
    as_template,
    put_secrets,
    resolve_secret,
    reveal_secrets,
    secret_places,
    written_secrets,
)
from dalsegno_state.expressions.template import Written, evaluate, expressions_in, references
from dalsegno_state.expressions.text import java_text, json_text

__all__ = [
    "SECRETS_PREFIX",
    "Budget",
    "ExpressionError",
    "Scope",
    "SecretPlace",
    "SecretText",
    "Written",
    "as_template",
    "evaluate",
    "expressions_in",
    "java_text",
    "json_text",
    "parse_path_in_document",
    "path_error",
    "put_secrets",
    "references",
    "resolve_secret",
    "reveal_secrets",
    "secret_places",
    "walk",
    "written_secrets",
]
