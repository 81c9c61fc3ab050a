"""Search and tags over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency

from app.application.todos.schemas_searching import SearchPage, SearchQuery, TagList, TagQuery
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.presentation.http.dependencies import query_of
from app.presentation.http.limits import ORDINARY
from app.presentation.http.todos import READ


class TodoSearchController(Controller):
    """Finding todos."""

    path = "/api"
    tags = ["Todos"]
    guards = [ORDINARY, *READ]

    @get("/search", operation_id="searchTodos", summary="Search todos", **query_of(SearchQuery))
    async def search_todos(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[SearchQuery],
    ) -> SearchPage:
        """Find todos by words in titles and notes, as they begin, and by titles that look alike; the best first.

        Titles count for more than notes. Of more than a thousand that match, a thousand and the newest are ranked.
        """
        return await services.todo_search.search(actor, parameters)

    @get("/tags", operation_id="listTags", summary="List tags", **query_of(TagQuery))
    async def list_tags(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[TagQuery],
    ) -> TagList:
        """List the tags of the todos in all lists that you share, and how many todos have each."""
        return await services.todo_search.list_tags(actor, parameters)
