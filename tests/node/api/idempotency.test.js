import { randomUUID } from 'node:crypto';
import { expectProblem, faultsOf, signUp } from './support.js';

let ada;
beforeAll(async () => {
  ada = (await signUp()).client;
});

const add = (key, title = 'Buy milk') => ada.post('/api/todos').set('Idempotency-Key', key).send({ title });

test('a POST that is sent twice is done once, and answered the same', async () => {
  const key = randomUUID();
  const first = await add(key).expect(201);
  const again = await add(key).expect(201);
  expect(first.headers).not.toHaveProperty('idempotent-replayed');
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.body).toEqual(first.body);
  expect(again.headers.location).toBe(first.headers.location);
  const { body } = await ada.get('/api/todos?includeTotal=true').expect(200);
  expect(body.total).toBe(1);
});

test('of many at once one is done', async () => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 8 }, () => add(key)));
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expectProblem(answer, 409, 'idempotency_key_in_use');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  }
});

test('a key is for one body, and for one user', async () => {
  const key = randomUUID();
  await add(key).expect(201);
  expectProblem(await add(key, 'Buy bread'), 422, 'idempotency_key_reused');
  const bob = (await signUp()).client;
  const other = await bob.post('/api/todos').set('Idempotency-Key', key).send({ title: 'Buy milk' }).expect(201);
  expect(other.headers).not.toHaveProperty('idempotent-replayed');
});

test('a key that is too long is refused', async () => {
  expect(faultsOf(await add('x'.repeat(256)))).toEqual(['invalid_format header:Idempotency-Key']);
});
