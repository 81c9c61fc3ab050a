"""Many todos at once over HTTP."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from app.application.todos.schemas_bulk import BulkResults, TodoBulk
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.presentation.http.limits import ORDINARY
from app.presentation.http.todos import WRITE


class TodoBulkController(Controller):
    """Many todos at once."""

    path = "/api/todos/bulk"
    tags = ["Todos"]
    guards = [ORDINARY, *WRITE]

    @post(operation_id="bulkTodos", summary="Change many todos", status_code=HTTP_200_OK)
    async def bulk_todos(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[TodoBulk]
    ) -> BulkResults:
        """Create, update, complete, move and delete todos, one after the other, and be told what became of each.

        The answer is 200 even where operations are refused, so look at `applied` and at each `status`. If `atomic`,
        the first refusal undoes all: what came before is `undone`, what comes after `skipped`, and `applied` is false.
        Otherwise each operation stands by itself. A body that breaks the schema is refused as a whole.
        """
        return await services.todo_bulk.run(actor, data)
