import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import request from 'supertest';

/** The service under test: `EVENSTAR_URL=https://api.example.com npm test`. */
export const URL = process.env.EVENSTAR_URL ?? 'http://127.0.0.1:8000';
export const PASSWORD = 'correct horse battery staple';

export const anyone = request(URL);

/** A client that sends this access token. */
export const bearer = (token) => request.agent(URL).set('Authorization', `Bearer ${token}`);

export const newEmail = () => `${randomUUID()}@example.com`;

/** A new account, and a client that speaks for it. */
export async function signUp() {
  const email = newEmail();
  const { body } = await anyone
    .post('/api/auth/register')
    .send({ email, password: PASSWORD, name: 'Ada', timeZone: 'Europe/Berlin' })
    .expect(201);
  return { email, ...body, client: bearer(body.accessToken) };
}

/** The account of an admin, where its address and password are known. */
export async function signInAdmin() {
  const { EVENSTAR_ADMIN_EMAIL: email, EVENSTAR_ADMIN_PASSWORD: password } = process.env;
  const { body } = await anyone.post('/api/auth/login').send({ email, password }).expect(200);
  return { ...body, client: bearer(body.accessToken) };
}

/** An answer is this refusal, in the envelope that all of them have. */
export function expectProblem(response, status, code) {
  expect({ status: response.status, code: response.body.code }).toEqual({ status, code });
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.headers['x-request-id']).toBe(response.body.requestId);
  expect(response.body).toMatchObject({ type: `/problems/${code}`, status, title: expect.any(String) });
}

/** The faults of a refused request, as `code path`. */
export function faultsOf(response) {
  expectProblem(response, 422, 'validation_failed');
  return response.body.issues.map((issue) => `${issue.code} ${issue.in}:${issue.path.join('.')}`).sort();
}

/** Waits until a session's end has reached every process, which takes a second at the most. */
export async function expectToEnd(client) {
  const deadline = Date.now() + 3000;
  let response = await client.get('/api/me');
  while (response.status === 200 && Date.now() < deadline) {
    await setTimeout(50);
    response = await client.get('/api/me');
  }
  expectProblem(response, 401, 'unauthenticated');
}
