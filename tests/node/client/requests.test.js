import { randomUUID } from 'node:crypto';
import { createEvenstar, currentOf, ifMatch, isProblem, pages, ProblemError, ResponseError } from 'evenstar-client';
import { recorder, scripted, signUp, URL } from './support.js';

const busy = (seconds, status = 503) => ({
  status,
  headers: { 'Retry-After': String(seconds) },
  json: { type: '/problems/unavailable', code: 'unavailable', status, detail: 'Away' },
});
const TODO = { id: '01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f', version: 1, title: 'Buy milk' };

describe('a request that is refused for now', () => {
  let service;
  afterEach(() => service.close());

  async function client(answers, options) {
    service = await scripted(...answers);
    return createEvenstar({ baseUrl: service.url, ...options });
  }

  test('is sent again after the time that it is told, with the same key', async () => {
    const evenstar = await client([busy(1), busy(0, 429), { status: 201, json: TODO }]);
    const began = performance.now();
    const { data } = await evenstar.createTodo({ body: { title: 'Buy milk' } });
    expect(performance.now() - began).toBeGreaterThan(950);
    expect(data).toEqual(TODO);
    const keys = service.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(service.asked.map(({ body }) => body))).toEqual(new Set(['{"title":"Buy milk"}']));
  });

  test('may be told the time itself', async () => {
    const at = new Date(Date.now() + 1000).toUTCString();
    const evenstar = await client([busy(at), { status: 200, json: TODO }]);
    await evenstar.getTodo({ path: { todoId: TODO.id } });
    expect(service.asked).toHaveLength(2);
  });

  test('is given up after two times, and at once where the wait would be long or none is told', async () => {
    let evenstar = await client([busy(0), busy(0), busy(0)]);
    await expect(evenstar.listTodos()).rejects.toMatchObject({ problem: { code: 'unavailable' } });
    await service.close();
    evenstar = await client([busy(31)]);
    await expect(evenstar.listTodos()).rejects.toThrow('Away');
    await service.close();
    evenstar = await client([{ ...busy(0), headers: {} }]);
    await expect(evenstar.listTodos()).rejects.toThrow('Away');
    await service.close();
    evenstar = await client([busy(0)], { retries: 0 });
    await expect(evenstar.listTodos()).rejects.toThrow('Away');
  });

  test('is not sent again once it is aborted', async () => {
    const evenstar = await client([busy(20)]);
    const signal = AbortSignal.timeout(100);
    await expect(evenstar.listTodos({ signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(service.asked).toHaveLength(1);
  });

  test('is not sent again where it may have been heard', async () => {
    const evenstar = await client([{ status: 500, json: { code: 'internal_error', detail: 'Broken' } }]);
    await expect(evenstar.createTodo({ body: { title: 'Buy milk' } })).rejects.toThrow('Broken');
  });
});

test('every POST has a key of its own, or the one that it is given', async () => {
  const service = await scripted(...Array.from({ length: 4 }, () => ({ status: 201, json: TODO })));
  const evenstar = createEvenstar({ baseUrl: service.url });
  const body = { title: 'Buy milk' };
  await evenstar.createTodo({ body });
  await evenstar.createTodo({ body });
  await evenstar.createTodo({ body, headers: { 'Idempotency-Key': 'mine' } });
  await evenstar.updateTodo({ path: { todoId: TODO.id }, body });
  const [first, second, given, patch] = service.asked.map(({ headers }) => headers['idempotency-key']);
  expect(first).not.toBe(second);
  expect(given).toBe('mine');
  expect(patch).toBeUndefined();
  await service.close();
});

test('the service itself is waited for where its limit is used up', async () => {
  // another client address, so that nobody else waits with it
  const headers = { 'X-Forwarded-For': `198.51.100.${1 + Math.floor(Math.random() * 250)}` };
  const network = recorder();
  const patient = createEvenstar({ baseUrl: URL, fetch: network.fetch });
  const hasty = createEvenstar({ baseUrl: URL, retries: 0 });
  const ask = (evenstar) => evenstar.forgotPassword({ body: { email: `${randomUUID()}@example.com` }, headers });
  async function useUp() {
    for (;;) {
      const answer = await ask(hasty).catch((error) => error);
      if (isProblem(answer, 'too_many_requests')) return Number(answer.response.headers.get('Retry-After'));
    }
  }
  // where so much time passes between two requests that the second is taken, there was nothing to wait for
  while (network.sent.at(-2)?.status !== 429) {
    expect(await useUp()).toBeGreaterThanOrEqual(1);
    expect((await ask(patient)).response.status).toBe(202);
  }
  const [refused, taken] = network.sent.slice(-2);
  expect([refused.status, taken.status]).toEqual([429, 202]);
  expect(taken.at - refused.at).toBeGreaterThan(950);
  expect(taken.headers.get('Idempotency-Key')).toBe(refused.headers.get('Idempotency-Key'));
});

test('pages are read one after the other until the last one', async () => {
  const { evenstar, network } = await signUp();
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    const { data } = await evenstar.createTodo({ body: { title: `Todo ${number}`, completed: number === 0 } });
    made.unshift(data);
  }
  network.sent.length = 0;
  const seen = [];
  for await (const todo of pages(evenstar.listTodos, { query: { limit: 2 } })) seen.push(todo);
  expect(seen).toEqual(made);
  expect(network.sent).toHaveLength(3);

  network.sent.length = 0;
  for await (const todo of pages(evenstar.listTodos, { query: { limit: 2 } })) {
    expect(todo).toEqual(made[0]);
    break;
  }
  expect(network.sent).toHaveLength(1);

  const sorted = [];
  const query = { limit: 3, completed: false, sort: ['createdAt', '-updatedAt'] };
  for await (const { title } of pages(evenstar.listTodos, { query })) sorted.push(title);
  expect(sorted).toEqual(['Todo 1', 'Todo 2', 'Todo 3', 'Todo 4']);
});

test('a change to what was seen meets the row as it is now', async () => {
  const { evenstar } = await signUp();
  const { data: todo } = await evenstar.createTodo({ body: { title: 'Buy milk' } });
  const path = { todoId: todo.id };
  const { data: changed } = await evenstar.updateTodo({ path, headers: ifMatch(todo), body: { notes: 'Two litres' } });
  const stale = await evenstar
    .updateTodo({ path, headers: ifMatch(todo), body: { notes: null } })
    .catch((error) => error);
  expect(isProblem(stale, 'stale_version')).toBe(true);
  expect(isProblem(stale, 'not_found', 'forbidden')).toBe(false);
  expect(isProblem(new Error('stale_version'))).toBe(false);
  expect(stale).toBeInstanceOf(ProblemError);
  expect(stale).toMatchObject({ name: 'ProblemError', message: stale.problem.detail });
  expect(stale.problem.current).toEqual(changed);
  expect(currentOf(stale, todo)).toEqual(changed);
  expect(currentOf(stale, { ...todo, id: randomUUID() })).toBeUndefined();
  expect(currentOf(new Error('stale_version'), todo)).toBeUndefined();
  expect(stale.response.status).toBe(412);
  expect((await evenstar.deleteTodo({ path })).response.status).toBe(204);
});

test('problems are returned to those who would rather have them so', async () => {
  const { evenstar } = await signUp();
  const { data, error } = await evenstar.createTodo({ body: { title: '' }, throwOnError: false });
  expect(data).toBeUndefined();
  expect(error.issues.map(({ code }) => code).sort()).toEqual(['invalid_format', 'too_small']);
});

test('an answer that is no problem is thrown as what it is', async () => {
  const { evenstar } = await signUp();
  for (const throwOnError of [true, false]) {
    const unchanged = await evenstar
      .getMe({ headers: { 'If-None-Match': '"1"' }, throwOnError })
      .catch((error) => error);
    expect(unchanged).toBeInstanceOf(ResponseError);
    expect(unchanged).not.toBeInstanceOf(ProblemError);
    expect(unchanged.response.status).toBe(304);
  }
});
