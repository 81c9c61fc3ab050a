import { randomUUID } from 'node:crypto';
import { anyone, expectProblem, faultsOf, signUp } from './support.js';

let ada;
beforeAll(async () => {
  ada = (await signUp()).client;
});

async function add(fields = {}, client = ada) {
  return (await client.post('/api/todos').send({ title: 'Buy milk', ...fields }).expect(201)).body;
}

describe('a todo', () => {
  test('is answered whole, with its place and its tag', async () => {
    const inbox = (await ada.get('/api/lists').expect(200)).body.items.find(({ isInbox }) => isInbox);
    const response = await ada
      .post('/api/todos')
      .send({ title: '  Buy milk ', notes: 'Two litres', priority: 'high', tags: [' errands '] });
    expect(response.status).toBe(201);
    expect(response.body).toEqual({
      id: expect.any(String),
      version: 1,
      listId: inbox.id,
      parentId: null,
      title: 'Buy milk',
      notes: 'Two litres',
      status: 'open',
      completed: false,
      completedAt: null,
      completedBy: null,
      priority: 'high',
      due: null,
      dueAt: null,
      recurrence: null,
      tags: ['errands'],
      assigneeId: null,
      position: expect.any(String),
      createdAt: expect.any(String),
      createdBy: inbox.ownerId,
      updatedAt: response.body.createdAt,
      deletedAt: null,
    });
    expect(response.headers.location).toBe(`/api/todos/${response.body.id}`);
    expect(response.headers.etag).toBe('"1"');
    const shown = await ada.get(response.headers.location).expect(200);
    expect(shown.body).toEqual(response.body);
  });

  test('may come with its id, once', async () => {
    // a UUIDv7 of a client that was offline
    const id = randomUUID().replace(/-4/, '-7');
    expect(await add({ id })).toMatchObject({ id, version: 1 });
    expectProblem(await ada.post('/api/todos').send({ id, title: 'Buy bread' }), 409, 'todo_exists');
    expect(faultsOf(await ada.post('/api/todos').send({ id: randomUUID(), title: 'a' }))).toEqual(['custom body:id']);
  });

  test('is not sent again to those who have it', async () => {
    const { id } = await add();
    const response = await ada.get(`/api/todos/${id}`).set('If-None-Match', 'W/"0", "1"').expect(304);
    expect(response.headers.etag).toBe('"1"');
    await ada.get(`/api/todos/${id}`).set('If-None-Match', '"2"').expect(200);
  });

  test('changes by the fields that are sent, and null clears', async () => {
    const todo = await add({ notes: 'Two litres' });
    const path = `/api/todos/${todo.id}`;
    const done = (await ada.patch(path).send({ completed: true }).expect(200)).body;
    expect(done).toMatchObject({ title: 'Buy milk', notes: 'Two litres', completed: true, version: 2 });
    expect(done.completedAt).toEqual(expect.any(String));
    const cleared = (await ada.patch(path).send({ notes: null, completed: false }).expect(200)).body;
    expect(cleared).toMatchObject({ title: 'Buy milk', notes: null, completed: false, completedAt: null, version: 3 });
    expect((await ada.patch(path).send({}).expect(200)).body).toEqual(cleared);
  });

  test('is not changed or deleted by those who saw another version', async () => {
    const { id } = await add();
    const path = `/api/todos/${id}`;
    const current = (await ada.patch(path).set('If-Match', '"1"').send({ title: 'Buy bread' }).expect(200)).body;
    for (const stale of [
      await ada.patch(path).set('If-Match', '"1"').send({ title: 'Buy wine' }),
      await ada.delete(path).set('If-Match', '"1"'),
    ]) {
      expectProblem(stale, 412, 'stale_version');
      expect(stale.body.current).toEqual(current);
    }
    expect((await ada.get(path)).body).toEqual(current);
    await ada.delete(path).set('If-Match', '"2"').expect(204);
    expectProblem(await ada.get(path), 404, 'not_found');
  });

  test('of somebody else is not there, whatever is done to it', async () => {
    const { id } = await add();
    const bob = (await signUp()).client;
    for (const path of [`/api/todos/${id}`, `/api/todos/${randomUUID()}`]) {
      expectProblem(await bob.get(path), 404, 'not_found');
      expectProblem(await bob.patch(path).send({ title: 'Mine' }), 404, 'not_found');
      expectProblem(await bob.delete(path), 404, 'not_found');
    }
    expect((await ada.get(`/api/todos/${id}`).expect(200)).body.title).toBe('Buy milk');
    expectProblem(await anyone.get(`/api/todos/${id}`), 401, 'unauthenticated');
  });
});

describe('a listing', () => {
  let client;
  const made = [];
  beforeAll(async () => {
    client = (await signUp()).client;
    for (let number = 0; number < 7; number += 1) {
      made.unshift(await add({ title: `Todo ${number}`, completed: number % 2 === 0 }, client));
    }
  });

  async function all(query) {
    const seen = [];
    let cursor;
    do {
      const { body } = await client.get('/api/todos').query({ ...query, ...(cursor && { cursor }) }).expect(200);
      expect(body.items.length).toBeLessThanOrEqual(query.limit ?? 20);
      seen.push(...body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return seen.map(({ title }) => title);
  }

  test('goes from newest to oldest, page by page', async () => {
    expect(await all({ limit: 3 })).toEqual(made.map(({ title }) => title));
  });

  test('goes the other way when it is told to', async () => {
    expect(await all({ limit: 2, sort: 'createdAt' })).toEqual(made.map(({ title }) => title).reverse());
  });

  test('holds those that were asked for, and counts them', async () => {
    const { body } = await client.get('/api/todos?completed=true&includeTotal=true&limit=2').expect(200);
    expect(body).toMatchObject({ total: 4, nextCursor: expect.any(String) });
    expect(body.items.every(({ completed }) => completed)).toBe(true);
    expect((await client.get('/api/todos').expect(200)).body).not.toHaveProperty('total');
  });

  test('is narrowed by what its todos are', async () => {
    const { client: bob } = await signUp();
    const due = (date) => ({ due: { date, time: '12:00', timeZone: 'UTC' } });
    await add({ title: 'Fetch oat milk', tags: ['errands', 'food'], priority: 'high', ...due('2030-01-30') }, bob);
    await add({ title: 'Fetch the post', tags: ['errands'], priority: 'urgent', ...due('2030-01-31') }, bob);
    await add({ title: 'Sleep', status: 'cancelled' }, bob);
    const found = async (query) => {
      const { body } = await bob.get('/api/todos').query({ sort: 'dueAt', ...query }).expect(200);
      return body.items.map(({ title }) => title);
    };
    expect(await found({})).toEqual(['Fetch oat milk', 'Fetch the post', 'Sleep']);
    expect(await found({ tag: 'food' })).toEqual(['Fetch oat milk']);
    expect(await found({ priority: 'urgent,none' })).toEqual(['Fetch the post', 'Sleep']);
    expect(await found({ status: 'open,completed' })).toEqual(['Fetch oat milk', 'Fetch the post']);
    expect(await found({ dueAfter: '2030-01-30T13:00:00+01:00', dueBefore: '2030-01-31T12:00:00Z' })).toEqual([
      'Fetch oat milk',
    ]);
    expect(await found({ q: 'fet mil' })).toEqual(['Fetch oat milk']);
  });

  test('takes no parameter that it does not have', async () => {
    const response = await client.get('/api/todos?limit=0&colour=red&sort=passwordHash&cursor=x');
    expect(faultsOf(response)).toEqual(
      expect.arrayContaining(['too_small query:limit', 'unrecognized_keys query:', 'invalid_value query:sort.0']),
    );
    expectProblem(await client.get('/api/todos?limit=1&limit=2'), 400, 'malformed_request');
  });
});

describe('many todos', () => {
  test('are changed at once, and each is told of', async () => {
    const { client } = await signUp();
    const { id } = await add({}, client);
    const operations = [
      { op: 'complete', id },
      { op: 'create', todo: { title: 'Buy bread', tags: ['errands'] } },
      { op: 'delete', id: randomUUID() },
    ];
    const some = (await client.post('/api/todos/bulk').send({ atomic: false, operations }).expect(200)).body;
    expect(some.applied).toBe(true);
    expect(some.results.map(({ status }) => status)).toEqual(['done', 'done', 'refused']);
    expect(some.results[2].problem.code).toBe('not_found');
    const none = (await client.post('/api/todos/bulk').send({ atomic: true, operations }).expect(200)).body;
    expect(none.applied).toBe(false);
    expect(none.results.map(({ status }) => status)).toEqual(['undone', 'undone', 'refused']);
  });

  test('are found by words as they begin, by looks, and by tags', async () => {
    const { client } = await signUp();
    await add({ title: 'Landingpages', tags: ['work'] }, client);
    for (const q of ['landing', 'lnading']) {
      const { body } = await client.get('/api/search').query({ q }).expect(200);
      expect(body.items.map(({ todo }) => todo.title)).toEqual(['Landingpages']);
    }
    expect((await client.get('/api/tags').expect(200)).body).toEqual({ items: [{ name: 'work', count: 1 }] });
  });
});
