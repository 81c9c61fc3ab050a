// What TypeScript knows of the generated client; it is compiled, never run.
import {
  createEvenstar,
  currentOf,
  ifMatch,
  isProblem,
  pages,
  ProblemError,
  type BulkOperation,
  type BulkProblem,
  type BulkResult,
  type Completion,
  type Due,
  type DueInput,
  type Issue,
  type ListRole,
  type Occurrence,
  type Priority,
  type Problem,
  type ProblemCode,
  type ProblemOf,
  type Recurrence,
  type RecurrenceInput,
  type Reminder,
  type Todo,
  type TodoCreate,
  type TodoList,
  type TodoPage,
  type TodoStatus,
  type TodoUpdate,
  type TokenPair,
  type UserRole,
} from 'evenstar-client';
import { bodies, TodoCreate as TodoCreateSchema } from 'evenstar-client/schemas';
import { expectTypeOf } from 'expect-type';
import { z } from 'zod';

const evenstar = createEvenstar({ baseUrl: 'https://api.example.com' });

// what is answered is there, and null where it may be
expectTypeOf<Required<Todo>>().toEqualTypeOf<Todo>();
expectTypeOf<Todo['title']>().toEqualTypeOf<string>();
expectTypeOf<Todo['version']>().toEqualTypeOf<number>();
expectTypeOf<Todo['notes']>().toEqualTypeOf<string | null>();
expectTypeOf<Todo['completedAt']>().toEqualTypeOf<string | null>();
expectTypeOf<Todo['due']>().toEqualTypeOf<Due | null>();
expectTypeOf<Todo['recurrence']>().toEqualTypeOf<Recurrence | null>();
expectTypeOf<Todo['tags']>().toEqualTypeOf<string[]>();
expectTypeOf<Due>().toEqualTypeOf<{ date: string; time: string | null; timeZone: string | null }>();
expectTypeOf<Completion>().toEqualTypeOf<{ completedOccurrence: Occurrence | null; todo: Todo }>();
expectTypeOf<TokenPair['refreshToken']>().toEqualTypeOf<string | null>();
expectTypeOf<TokenPair['tokenType']>().toEqualTypeOf<'Bearer'>();
expectTypeOf<TodoPage['total']>().toEqualTypeOf<number | undefined>();

// what is sent may leave out what has a default, and a change may leave out everything
expectTypeOf<Pick<TodoCreate, 'title'>>().toExtend<TodoCreate>();
expectTypeOf<TodoUpdate>().toEqualTypeOf<Partial<TodoUpdate>>();
expectTypeOf<object>().toExtend<TodoUpdate>();
expectTypeOf<TodoUpdate['title']>().toEqualTypeOf<string | undefined>();
expectTypeOf<TodoUpdate['notes']>().toEqualTypeOf<string | null | undefined>();
expectTypeOf<{ date: string }>().toExtend<DueInput>();
expectTypeOf<{ rule: string; timeZone: string }>().toExtend<RecurrenceInput>();
// what was answered can be sent again
expectTypeOf<Pick<Todo, 'due' | 'notes' | 'priority' | 'recurrence' | 'tags'>>().toExtend<TodoUpdate>();
// @ts-expect-error: a title is never null
void evenstar.updateTodo({ path: { todoId: 'x' }, body: { title: null } });
// @ts-expect-error: a todo has no colour
void evenstar.createTodo({ body: { title: 'Buy milk', colour: 'red' } });
// @ts-expect-error: there is no todo without a title
void evenstar.createTodo({ body: {} });
// @ts-expect-error: nor one that is due at a time of no day
void evenstar.createTodo({ body: { title: 'Buy milk', due: { time: '09:30', timeZone: 'Europe/Berlin' } } });
// @ts-expect-error: nor a change without the todo it is for
void evenstar.updateTodo({ body: { title: 'Buy milk' } });
// @ts-expect-error: nothing sorts by that
void evenstar.listTodos({ query: { sort: ['passwordHash'] } });
// @ts-expect-error: an operation that does not exist
void evenstar.paintTodo;

// enumerations are unions of their values
expectTypeOf<UserRole>().toEqualTypeOf<'admin' | 'user'>();
expectTypeOf<ListRole>().toEqualTypeOf<'editor' | 'owner' | 'viewer'>();
expectTypeOf<Priority>().toEqualTypeOf<'high' | 'low' | 'medium' | 'none' | 'urgent'>();
expectTypeOf<TodoStatus>().toEqualTypeOf<'cancelled' | 'completed' | 'open'>();

// operations answer their rows, and throw unless told
expectTypeOf(evenstar.createTodo).toBeCallableWith({ body: { title: 'Buy milk', notes: null } });
expectTypeOf(evenstar.listTodos).toBeCallableWith();
export async function operations(todo: Todo): Promise<void> {
  const path = { todoId: todo.id };
  const { data: changed } = await evenstar.updateTodo({ path, headers: ifMatch(todo), body: { notes: null } });
  expectTypeOf(changed).toEqualTypeOf<Todo>();
  const { data: pair } = await evenstar.login({ body: { email: 'ada@example.com', password: 'x' } });
  expectTypeOf(pair).toEqualTypeOf<TokenPair>();

  // or return the problems that they have, and no others
  const { data, error } = await evenstar.updateTodo({ path, body: {}, throwOnError: false });
  if (error === undefined) {
    expectTypeOf(data).toEqualTypeOf<Todo>();
    return;
  }
  expectTypeOf(data).toEqualTypeOf<undefined>();
  expectTypeOf<'email_taken'>().not.toExtend<typeof error.code>();
  expectTypeOf<'stale_version' | 'not_found' | 'validation_failed'>().toExtend<typeof error.code>();
  switch (error.code) {
    case 'stale_version':
      expectTypeOf(error.status).toEqualTypeOf<412>();
      expectTypeOf(error.current.version).toEqualTypeOf<number>();
      break;
    case 'validation_failed':
      expectTypeOf(error.issues).toEqualTypeOf<Issue[]>();
      break;
    case 'not_found':
      // @ts-expect-error: only a broken schema has issues
      void error.issues;
      break;
    default:
      expectTypeOf(error.detail).toEqualTypeOf<string>();
  }
}

// a series has moved on or not, and who is late is told so
export async function series({ id, due }: Todo): Promise<Todo | undefined> {
  const path = { todoId: id };
  const { data, error } = await evenstar.completeTodo({ path, body: { occurrence: due?.date }, throwOnError: false });
  if (error === undefined) {
    expectTypeOf(data.completedOccurrence?.outcome).toEqualTypeOf<'completed' | 'skipped' | undefined>();
    return data.todo;
  }
  expectTypeOf<'occurrence_moved_on' | 'occurrence_required' | 'list_archived'>().toExtend<typeof error.code>();
  expectTypeOf<'todo_not_recurring'>().not.toExtend<typeof error.code>();
  if (error.code === 'occurrence_moved_on') expectTypeOf(error.status).toEqualTypeOf<409>();
  return undefined;
}

// what is no todo has types of its own
export async function others(list: TodoList, todo: Todo): Promise<void> {
  expectTypeOf(list.role).toEqualTypeOf<ListRole>();
  const { data: renamed } = await evenstar.updateList({
    path: { listId: list.id },
    headers: ifMatch(list),
    body: { colour: null },
  });
  expectTypeOf(renamed).toEqualTypeOf<TodoList>();
  const { data: reminder } = await evenstar.createReminder({ path: { todoId: todo.id }, body: { minutesBefore: 30 } });
  expectTypeOf(reminder).toEqualTypeOf<Reminder>();
  // @ts-expect-error: nobody is made an owner by an invitation
  void evenstar.createInvitation({ path: { listId: list.id }, body: { role: 'owner' } });
}

// many operations are told apart by `op`
export async function many(seen: Todo): Promise<BulkResult[]> {
  const operations: BulkOperation[] = [
    { op: 'create', todo: { title: 'Buy milk', due: { date: '2030-01-31' } } },
    { op: 'update', id: seen.id, todo: { notes: null }, ifMatch: seen.version },
    { op: 'complete', id: seen.id },
    { op: 'move', id: seen.id, to: { parentId: null } },
    { op: 'delete', id: seen.id },
    // @ts-expect-error: no operation burns
    { op: 'burn', id: seen.id },
    // @ts-expect-error: what is made has no id yet, but a todo
    { op: 'create', id: seen.id },
  ];
  const { data } = await evenstar.bulkTodos({ body: { atomic: true, operations } });
  for (const { problem, todo, status } of data.results) {
    expectTypeOf(problem).toEqualTypeOf<BulkProblem | null>();
    expectTypeOf(todo).toEqualTypeOf<Todo | null>();
    expectTypeOf(status).toEqualTypeOf<'done' | 'refused' | 'skipped' | 'undone'>();
    if (problem) expectTypeOf(problem.code).toEqualTypeOf<ProblemCode>();
    if (problem) expectTypeOf(problem.issues).toEqualTypeOf<Issue[]>();
  }
  return data.results;
}

// pages hand out what the listing holds
export async function listing(): Promise<void> {
  for await (const todo of pages(evenstar.listTodos, { query: { limit: 50, sort: ['-createdAt'] } })) {
    expectTypeOf(todo).toEqualTypeOf<Todo>();
  }
  for await (const list of pages(evenstar.listLists)) expectTypeOf(list).toEqualTypeOf<TodoList>();
  for await (const { deletedAt } of pages(evenstar.listTrash)) expectTypeOf(deletedAt).toEqualTypeOf<string | null>();
  for await (const occurrence of pages(evenstar.listOccurrences, { path: { todoId: 'x' } })) {
    expectTypeOf(occurrence).toEqualTypeOf<Occurrence>();
  }
  for await (const { todo, score } of pages(evenstar.searchTodos, { query: { q: 'milk' } })) {
    expectTypeOf(todo).toEqualTypeOf<Todo>();
    expectTypeOf(score).toEqualTypeOf<number>();
  }
  // @ts-expect-error: what is looked for
  pages(evenstar.searchTodos, { query: { limit: 50 } });
  for await (const { disabledAt } of pages(evenstar.listUsers)) expectTypeOf(disabledAt).toEqualTypeOf<string | null>();
  // @ts-expect-error: there is no such parameter
  pages(evenstar.listTodos, { query: { colour: 'red' } });
  // @ts-expect-error: the todo whose occurrences these are
  pages(evenstar.listOccurrences, { query: { limit: 50 } });
  // @ts-expect-error: a row has no pages
  pages(evenstar.getMe);
}

// errors are told apart by their codes
export function explain(error: unknown): string {
  if (isProblem(error, 'stale_version', 'validation_failed')) {
    expectTypeOf(error.problem.code).toEqualTypeOf<'stale_version' | 'validation_failed'>();
    if (error.problem.code === 'validation_failed') return error.problem.issues.map(told).join('\n');
    return `now at version ${error.problem.current.version}`;
  }
  const seen = { id: 'x', version: 1, title: 'Buy milk' };
  expectTypeOf(currentOf(error, seen)).toEqualTypeOf<typeof seen | undefined>();
  // @ts-expect-error: no problem has this code
  if (isProblem(error, 'out_of_milk')) return '';
  if (isProblem(error)) {
    expectTypeOf(error.problem.code).toEqualTypeOf<ProblemCode>();
    return error.problem.code === 'too_many_requests' ? error.problem.title : error.message;
  }
  return error instanceof ProblemError ? error.problem.detail : String(error);
}
expectTypeOf<ProblemOf<'email_taken'>['status']>().toEqualTypeOf<409>();
expectTypeOf<Problem['code']>().toEqualTypeOf<ProblemCode>();

function told(issue: Issue): string {
  switch (issue.code) {
    case 'too_big':
      return `${issue.origin} over ${issue.maximum.toFixed()}`;
    case 'too_small':
      return `${issue.origin} under ${issue.minimum.toFixed()}`;
    case 'unrecognized_keys':
      return issue.keys.join();
    case 'invalid_type':
    case 'invalid_format':
    case 'invalid_value':
    case 'invalid_union':
    case 'custom':
      return issue.message;
    default:
      return issue satisfies never;
  }
}

// the schemas are of the same types
expectTypeOf<z.infer<typeof TodoCreateSchema>>().toExtend<TodoCreate>();
expectTypeOf<z.infer<typeof bodies.updateTodo>>().toExtend<TodoUpdate>();
expectTypeOf<z.infer<typeof bodies.updateTodo>['notes']>().toEqualTypeOf<string | null | undefined>();
