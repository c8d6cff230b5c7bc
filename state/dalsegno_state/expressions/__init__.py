"""Conductor's ``${...}`` expressions: templates evaluated over the documents of a workflow."""

from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import path_error, walk
from dalsegno_state.expressions.query import Query
from dalsegno_state.expressions.scope import Scope
from dalsegno_state.expressions.secrets import reveal_secrets
from dalsegno_state.expressions.template import evaluate, references
from dalsegno_state.expressions.text import java_text

__all__ = [
    "ExpressionError",
    "Query",
    "Scope",
    "evaluate",
    "java_text",
    "path_error",
    "references",
    "reveal_secrets",
    "walk",
]
