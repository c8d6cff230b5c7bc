"""The adapter that runs scripts in confined child processes."""

from dalsegno_state.sandbox.scripts import SandboxedScripts

__all__ = ["SandboxedScripts"]
