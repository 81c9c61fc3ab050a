import { createEvenstar, isProblem, memoryStore, ProblemError } from 'evenstar-client';
import { PASSWORD, recorder, signUp, URL } from './support.js';

/** Puts a token in the place of the access token that the service does not take, as after its end. */
const spoil = (tokens) => tokens.save({ ...tokens.load(), accessToken: 'x.y.z' });

test('many requests that meet the end of their token wait for one refresh', async () => {
  const { evenstar, tokens, network } = await signUp();
  const before = tokens.load();
  spoil(tokens);
  const answers = await Promise.all(Array.from({ length: 20 }, () => evenstar.getMe()));
  expect(new Set(answers.map(({ data }) => data.id)).size).toBe(1);
  expect(network.to('/api/auth/refresh').map(({ status }) => status)).toEqual([200]);
  expect(tokens.load().refreshToken).not.toBe(before.refreshToken);
  await evenstar.getMe();
  expect(network.to('/api/auth/refresh')).toHaveLength(1);
});

test('a request that is sent while the token is refreshed waits for the next one', async () => {
  const { evenstar, tokens, network } = await signUp();
  spoil(tokens);
  const first = evenstar.getMe();
  while (network.to('/api/auth/refresh').length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await evenstar.listTodos();
  await first;
  expect(network.to('/api/todos').map(({ status }) => status)).toEqual([200]);
});

test('what was sent with a body arrives once the token is fresh', async () => {
  const { evenstar, tokens, network } = await signUp();
  spoil(tokens);
  const { data } = await evenstar.createTodo({ body: { title: 'Buy milk' } });
  expect(data.title).toBe('Buy milk');
  const [refused, taken] = network.to('/api/todos');
  expect([refused.status, taken.status]).toEqual([401, 201]);
  expect(taken.headers.get('Idempotency-Key')).toBe(refused.headers.get('Idempotency-Key'));
});

test('two clients that share a store share its refresh', async () => {
  const { evenstar, tokens } = await signUp();
  const network = recorder();
  const other = createEvenstar({ baseUrl: URL, tokens, fetch: network.fetch });
  spoil(tokens);
  const stale = other.getMe();
  await Promise.all([stale, evenstar.getMe()]);
  await other.getMe();
  expect(network.to('/api/me').at(-1).status).toBe(200);
});

test('a refresh token that is refused signs out, once, and tells so', async () => {
  const told = [];
  const { evenstar, tokens, network } = await signUp({ onSignOut: (problem) => told.push(problem.code) });
  tokens.save({ accessToken: 'x.y.z', refreshToken: 'x'.repeat(43) });
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => evenstar.getMe()));
  for (const { reason } of answers) expect(isProblem(reason, 'unauthenticated')).toBe(true);
  expect(network.to('/api/auth/refresh')).toHaveLength(1);
  expect(told).toEqual(['invalid_refresh_token']);
  expect(tokens.load()).toBeNull();
  await expect(evenstar.getMe()).rejects.toThrow(ProblemError);
  expect(network.to('/api/auth/refresh')).toHaveLength(1);
});

test('a service that is away ends no session', async () => {
  const told = [];
  const { evenstar, tokens } = await signUp({ onSignOut: (problem) => told.push(problem) });
  const kept = tokens.load();
  const away = createEvenstar({ baseUrl: 'http://127.0.0.1:1', tokens, onSignOut: (problem) => told.push(problem) });
  await expect(away.getMe()).rejects.toMatchObject({ name: 'TypeError' });
  expect(tokens.load()).toEqual(kept);
  expect(told).toEqual([]);
  await evenstar.getMe();
});

test('a wrong password refreshes nothing', async () => {
  const { evenstar, email, network } = await signUp();
  await expect(evenstar.login({ body: { email, password: 'a wrong guess' } })).rejects.toMatchObject({
    problem: { code: 'invalid_credentials' },
  });
  expect(network.to('/api/auth/refresh')).toHaveLength(0);
});

test('signing in, changing the password and signing out keep the store up to date', async () => {
  const { evenstar, tokens, email } = await signUp();
  const first = tokens.load();
  await evenstar.login({ body: { email, password: PASSWORD } });
  expect(tokens.load()).not.toEqual(first);
  const newPassword = 'another horse battery staple';
  await evenstar.changePassword({ body: { currentPassword: PASSWORD, newPassword } });
  await evenstar.getMe();
  await evenstar.logout({ body: {} });
  expect(tokens.load()).toBeNull();
});

test('browser mode refreshes by the cookie', async () => {
  const { email } = await signUp();
  // Node keeps no cookies: this does what a browser would
  let cookie = '';
  const browser = async (request) => {
    if (new globalThis.URL(request.url).pathname === '/api/auth/refresh') {
      request.headers.set('Cookie', cookie);
      request.headers.set('Sec-Fetch-Site', 'same-origin');
    }
    const response = await fetch(request);
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) [cookie] = set.split(';');
    return response;
  };
  const tokens = memoryStore();
  const evenstar = createEvenstar({ baseUrl: `${URL}/`, tokens, fetch: browser, credentials: 'include' });
  await evenstar.login({ body: { email, password: PASSWORD, transport: 'cookie' } });
  expect(tokens.load().refreshToken).toBeNull();
  const given = cookie;
  spoil(tokens);
  await evenstar.getMe();
  expect(cookie).not.toBe(given);
  expect(tokens.load().refreshToken).toBeNull();
});
