"""Conductor's ``${...}`` expressions: templates evaluated over the documents of a workflow."""

from dalsegno_state.expressions.budget import Budget
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import parse_path_in_document, path_error
from dalsegno_state.expressions.scope import Scope, walk
from dalsegno_state.expressions.secrets import reveal_secrets
from dalsegno_state.expressions.template import Written, evaluate, expressions_in, references
from dalsegno_state.expressions.text import java_text

__all__ = [
    "Budget",
    "ExpressionError",
    "Scope",
    "Written",
    "evaluate",
    "expressions_in",
    "java_text",
    "parse_path_in_document",
    "path_error",
    "references",
    "reveal_secrets",
    "walk",
]
