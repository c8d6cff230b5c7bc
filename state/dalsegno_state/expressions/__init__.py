"""Conductor's ``${...}`` expressions: templates evaluated over the documents of a workflow."""

from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import path_error, walk
from dalsegno_state.expressions.query import Query
from dalsegno_state.expressions.scope import Scope
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
from dalsegno_state.expressions.template import evaluate, references
from dalsegno_state.expressions.text import java_text

__all__ = [
    "SECRETS_PREFIX",
    "ExpressionError",
    "Query",
    "Scope",
    "SecretPlace",
    "SecretText",
    "as_template",
    "evaluate",
    "java_text",
    "path_error",
    "put_secrets",
    "references",
    "resolve_secret",
    "reveal_secrets",
    "secret_places",
    "walk",
    "written_secrets",
]
