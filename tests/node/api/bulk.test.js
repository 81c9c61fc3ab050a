import { randomUUID } from 'node:crypto';
import { faultsOf, signUp } from './support.js';

let ada;
beforeEach(async () => {
  ada = (await signUp()).client;
});

async function add(title) {
  return (await ada.post('/api/todos').send({ title }).expect(201)).body;
}

async function bulk(atomic, ...operations) {
  const { body } = await ada.post('/api/todos/bulk').send({ atomic, operations }).expect(200);
  expect(body.results.map(({ index }) => index)).toEqual(operations.map((_, index) => index));
  return body;
}

async function titles() {
  const { body } = await ada.get('/api/todos?sort=position').expect(200);
  return body.items.map(({ title }) => title);
}

test('operations of every kind are done in their order', async () => {
  const [a, b, c] = [await add('a'), await add('b'), await add('c')];
  const { applied, results } = await bulk(
    true,
    { op: 'create', todo: { title: 'd', due: { date: '2030-01-31' } } },
    { op: 'update', id: a.id, todo: { title: 'changed' }, ifMatch: a.version },
    { op: 'complete', id: b.id },
    { op: 'move', id: a.id, to: { afterId: b.id } },
    { op: 'delete', id: c.id },
  );
  expect(applied).toBe(true);
  expect(results.map(({ status, todo, problem }) => [status, todo?.title, problem])).toEqual([
    ['done', 'd', null],
    ['done', 'changed', null],
    ['done', 'b', null],
    ['done', 'changed', null],
    ['done', undefined, null],
  ]);
  expect(await titles()).toEqual(['b', 'changed', 'd']);
});

test('one refusal undoes all, where all or nothing is wanted', async () => {
  const { applied, results } = await bulk(
    true,
    { op: 'create', todo: { title: 'a' } },
    { op: 'complete', id: randomUUID() },
    { op: 'create', todo: { title: 'b' } },
  );
  expect(applied).toBe(false);
  expect(results.map(({ status, problem }) => [status, problem?.code])).toEqual([
    ['undone', undefined],
    ['refused', 'not_found'],
    ['skipped', undefined],
  ]);
  expect(await titles()).toEqual([]);
});

test('otherwise each is told by itself what became of it', async () => {
  const todo = await add('a');
  const { applied, results } = await bulk(
    false,
    { op: 'update', id: todo.id, todo: { title: 'b' }, ifMatch: 7 },
    { op: 'create', todo: { title: 'c', status: 'open', completed: true } },
    { op: 'create', todo: { title: 'd' } },
  );
  expect(applied).toBe(true);
  expect(results[0]).toMatchObject({ status: 'refused', todo, problem: { code: 'stale_version', issues: [] } });
  const [issue] = results[1].problem.issues;
  expect(issue).toMatchObject({ code: 'custom', path: ['operations', 1, 'todo', 'completed'], in: 'body' });
  expect(await titles()).toEqual(['a', 'd']);
});

test('a body that breaks the schema is refused with all of its faults, each in its place', async () => {
  const operations = [
    { op: 'create', todo: { title: '' } },
    { op: 'burn', id: randomUUID() },
    { op: 'delete', id: 5, todo: {} },
  ];
  expect(faultsOf(await ada.post('/api/todos/bulk').send({ operations }))).toEqual([
    'invalid_format body:operations.0.todo.title',
    'invalid_type body:atomic',
    'invalid_type body:operations.2.id',
    'invalid_union body:operations.1.op',
    'too_small body:operations.0.todo.title',
    'unrecognized_keys body:operations.2',
  ]);
});
