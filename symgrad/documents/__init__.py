"""Write derivations as documents: text, LaTeX, Markdown, HTML, JSON from one `Document` each."""

from symgrad.documents.document import DETAILS, Document, Line, Section, document

__all__ = ["DETAILS", "Document", "Line", "Section", "document"]
