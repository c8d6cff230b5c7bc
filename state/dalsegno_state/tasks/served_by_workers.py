"""Types of Conductor's modules and of Orkes, which only workers do here."""

from typing import Final

TYPES_OF_WORKERS: Final = frozenset(
    {
        "AGENT",
        "CALL_MCP_TOOL",
        "CANCEL_AGENT",
        "CHUNK_TEXT",
        "GENERATE_AUDIO",
        "GENERATE_IMAGE",
        "GENERATE_PDF",
        "GENERATE_VIDEO",
        "GET_AGENT_CARD",
        "GET_DOCUMENT",
        "LIST_FILES",
        "LIST_MCP_TOOLS",
        "LLM_CHAT_COMPLETE",
        "LLM_GENERATE_EMBEDDINGS",
        "LLM_GET_EMBEDDINGS",
        "LLM_INDEX_DOCUMENT",
        "LLM_INDEX_TEXT",
        "LLM_SEARCH_EMBEDDINGS",
        "LLM_SEARCH_INDEX",
        "LLM_STORE_EMBEDDINGS",
        "LLM_TEXT_COMPLETE",
        "PARSE_DOCUMENT",
        "QUERY_PROCESSOR",
        "SENDGRID",
        "TERMINATE_WORKFLOW",
        "UPDATE_SECRET",
        "UPDATE_TASK",
    }
)
