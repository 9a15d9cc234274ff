"""The sandboxed student, the judge beside it, and the wire between them."""
