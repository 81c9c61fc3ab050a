"""Values from outside become values of ours here, or the list of all their faults in Zod 4's terms.

Strings are measured in code points, as JSON Schema and Zod 4 measure them. A title may not be blank: the way to
say so is `Meta(min_length=1, max_length=..., pattern=NOT_BLANK, extra={"trim": True})`; the pattern tells the
document's readers what the trimming does here.
"""

from app.application.validation._conversion import convert, query_fields
from app.application.validation._report import NOT_BLANK

__all__ = ["NOT_BLANK", "convert", "query_fields"]
