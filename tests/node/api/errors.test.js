import { anyone, expectProblem, faultsOf, signUp } from './support.js';

let ada;
beforeAll(async () => {
  ada = (await signUp()).client;
});

const post = (body, type = 'application/json') =>
  ada.post('/api/todos').set('Content-Type', type).serialize((text) => text).send(body);

test('a body is told all of its faults at once', async () => {
  const body = { title: ' ', notes: 5, completed: 'no', due: { date: '31.1.', hour: 9 }, tags: [1], colour: 'red', x: 1 };
  const response = await ada.post('/api/todos').send(body);
  expect(faultsOf(response)).toEqual([
    'invalid_format body:due.date',
    'invalid_format body:title',
    'invalid_type body:completed',
    'invalid_type body:notes',
    'invalid_type body:tags.0',
    'unrecognized_keys body:',
    'unrecognized_keys body:due',
  ]);
  const unknown = response.body.issues.find(({ keys }) => keys?.includes('colour'));
  expect(unknown).toEqual({ code: 'unrecognized_keys', path: [], in: 'body', message: expect.any(String), keys: ['colour', 'x'] });
});

test('the faults of path, query, header and body come together', async () => {
  const response = await ada
    .patch('/api/todos/1')
    .set('If-Match', '1')
    .send({ title: null });
  expect(faultsOf(response)).toEqual([
    'invalid_format header:If-Match',
    'invalid_format path:todoId',
    'invalid_type body:title',
  ]);
});

test.each([
  ['{"title":', 'broken off'],
  ['{"title":"a","title":"b"}', 'a name twice'],
  ['{"title":NaN}', 'no JSON'],
  ['', 'empty'],
])('%s is malformed: %s', async (body) => {
  expectProblem(await post(body), 400, 'malformed_request');
});

test('a body of another type is not read', async () => {
  expectProblem(await post('{"title":"a"}', 'text/plain'), 415, 'unsupported_media_type');
});

test('a body that is too large is refused', async () => {
  expectProblem(await post(JSON.stringify({ title: 'a'.repeat(1100 * 1024) })), 413, 'payload_too_large');
});

test('no input is repeated', async () => {
  const response = await ada.post('/api/todos').send({ title: 'SECRET'.repeat(200), notes: { SECRET: 'SECRET' } });
  expect(response.status).toBe(422);
  expect(response.text).not.toContain('SECRET');
});

test('what is not there is not found, and what cannot be done tells what can', async () => {
  expectProblem(await ada.get('/api/nothing'), 404, 'not_found');
  const response = await ada.put('/api/todos').send({});
  expectProblem(response, 405, 'method_not_allowed');
  expect(response.headers.allow.split(', ').sort()).toEqual(expect.arrayContaining(['GET', 'POST']));
});

test('who sends no token, or none of ours, is nobody', async () => {
  for (const headers of [{}, { Authorization: 'Bearer x.y.z' }, { Authorization: 'Basic YTpi' }]) {
    const response = await anyone.get('/api/me').set(headers);
    expectProblem(response, 401, 'unauthenticated');
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }
});

test('a request keeps the id that it comes with', async () => {
  const response = await anyone.get('/api/me').set('X-Request-Id', 'my-request-0001');
  expect(response.headers['x-request-id']).toBe('my-request-0001');
  expect(response.body.requestId).toBe('my-request-0001');
});

test('every code is explained', async () => {
  const { paths } = (await anyone.get('/docs/openapi.json').expect(200)).body;
  const codes = new Set(
    Object.values(paths)
      .flatMap((item) => Object.values(item))
      .flatMap(({ responses }) => Object.values(responses))
      .flatMap(({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {})),
  );
  expect(codes.size).toBeGreaterThan(10);
  for (const code of codes) {
    const { body } = await anyone.get(`/problems/${code}`).expect(200);
    expect(body).toMatchObject({ code, title: expect.any(String), meaning: expect.any(String), example: { code } });
  }
  expectProblem(await anyone.get('/problems/no_such_code'), 404, 'not_found');
});
