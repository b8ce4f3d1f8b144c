"""The streaming rewriter: bytes in, bytes out. It knows tags, and nothing of HTTP, catalogue or law."""
