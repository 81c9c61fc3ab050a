import { anyone, bearer, expectProblem, expectToEnd, newEmail, PASSWORD, signUp } from './support.js';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };

const refresh = (refreshToken) => anyone.post('/api/auth/refresh').send({ refreshToken });

describe('signing up', () => {
  test('answers tokens and the user', async () => {
    const email = newEmail();
    const response = await anyone
      .post('/api/auth/register')
      .send({ email, password: PASSWORD, name: '  Ada Lovelace ', timeZone: 'Europe/Berlin' });
    expect(response.status).toBe(201);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
      user: {
        id: expect.stringMatching(UUID7),
        version: 1,
        email,
        name: 'Ada Lovelace',
        timeZone: 'Europe/Berlin',
        role: 'user',
        emailVerifiedAt: null,
        createdAt: expect.stringMatching(INSTANT),
        updatedAt: expect.stringMatching(INSTANT),
      },
    });
  });

  test('is refused where the address has an account, however it is written', async () => {
    const { email } = await signUp();
    const body = { email: email.toUpperCase(), password: PASSWORD, name: 'Eve' };
    expectProblem(await anyone.post('/api/auth/register').send(body), 409, 'email_taken');
  });

  test('is refused with a password that everybody guesses, or one that bcrypt would cut', async () => {
    const body = { email: newEmail(), name: 'Ada' };
    const common = await anyone.post('/api/auth/register').send({ ...body, password: 'password1' });
    expectProblem(common, 422, 'password_compromised');
    const long = await anyone.post('/api/auth/register').send({ ...body, password: 'ä'.repeat(37) });
    expectProblem(long, 422, 'password_too_long');
  });
});

describe('signing in', () => {
  test('answers tokens that work', async () => {
    const { email, user } = await signUp();
    const { body } = await anyone.post('/api/auth/login').send({ email, password: PASSWORD }).expect(200);
    const me = await bearer(body.accessToken).get('/api/me').expect(200);
    expect(me.body.id).toBe(user.id);
  });

  test('is refused alike for a wrong password and for an account that is not there', async () => {
    const { email } = await signUp();
    const wrong = await anyone.post('/api/auth/login').send({ email, password: 'a wrong guess' });
    const absent = await anyone.post('/api/auth/login').send({ email: newEmail(), password: 'a wrong guess' });
    for (const response of [wrong, absent]) expectProblem(response, 401, 'invalid_credentials');
    const said = ({ requestId: _, ...rest }) => rest;
    expect(said(absent.body)).toEqual(said(wrong.body));
  });

  test('tells how often it may be tried', async () => {
    const response = await anyone.post('/api/auth/login').send({ email: newEmail(), password: PASSWORD });
    expect(response.headers['ratelimit-policy']).toMatch(/"login";q=\d+;w=\d+/);
    expect(response.headers.ratelimit).toMatch(/"login";r=\d+;t=\d+/);
  });
});

describe('refreshing', () => {
  test('exchanges a refresh token for the next pair', async () => {
    const { refreshToken, user } = await signUp();
    const { body } = await refresh(refreshToken).expect(200);
    expect(body.refreshToken).not.toBe(refreshToken);
    expect(body.user.id).toBe(user.id);
    await bearer(body.accessToken).get('/api/me').expect(200);
  });

  test('hands two tabs the same successor', async () => {
    const { refreshToken } = await signUp();
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken).expect(200)));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
  });

  test('ends the session when a token from before the last one comes back', async () => {
    const { refreshToken } = await signUp();
    const second = await refresh(refreshToken).expect(200);
    const third = await refresh(second.body.refreshToken).expect(200);
    expectProblem(await refresh(refreshToken), 401, 'refresh_reused');
    expectProblem(await refresh(third.body.refreshToken), 401, 'invalid_refresh_token');
    await expectToEnd(bearer(third.body.accessToken));
  });

  test('knows no other tokens', async () => {
    const response = await refresh('x'.repeat(43));
    expectProblem(response, 401, 'invalid_refresh_token');
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_grant"');
  });
});

describe('browser mode', () => {
  async function signIn() {
    const { email } = await signUp();
    const response = await anyone
      .post('/api/auth/login')
      .send({ email, password: PASSWORD, transport: 'cookie' })
      .expect(200);
    const [cookie] = response.headers['set-cookie'];
    return { ...response.body, cookie, pair: cookie.split(';')[0] };
  }

  test('puts the refresh token into a cookie that no script reads', async () => {
    const { refreshToken, cookie } = await signIn();
    expect(refreshToken).toBeNull();
    const [pair, ...attributes] = cookie.split('; ').map((part) => part.toLowerCase());
    expect(pair).toMatch(/^__secure-refresh=.{20,}/);
    expect(attributes).toEqual(
      expect.arrayContaining(['path=/api/auth/refresh', 'httponly', 'secure', 'samesite=strict']),
    );
  });

  test('exchanges the cookie for the next one, for pages of the same origin', async () => {
    const { pair } = await signIn();
    const send = (headers) =>
      anyone
        .post('/api/auth/refresh')
        .set({ Cookie: pair, ...headers })
        .send({});
    expectProblem(await send({}), 403, 'cross_site_request');
    expectProblem(await send({ 'Sec-Fetch-Site': 'cross-site' }), 403, 'cross_site_request');
    expectProblem(await send({ Origin: 'https://elsewhere.example.com' }), 403, 'cross_site_request');
    const response = await send(SAME_ORIGIN);
    expect(response.status).toBe(200);
    expect(response.body.refreshToken).toBeNull();
    expect(response.headers['set-cookie'][0]).toMatch(/^__Secure-refresh=/);
    expect(response.headers['set-cookie'][0].split(';')[0]).not.toBe(pair);
  });

  test('signs out by the access token, and takes the cookie back', async () => {
    const { accessToken, pair } = await signIn();
    const response = await bearer(accessToken).post('/api/auth/logout').send({}).expect(204);
    expect(response.headers['set-cookie'][0]).toMatch(/^__Secure-refresh=.*Max-Age=0/i);
    await expectToEnd(bearer(accessToken));
    const again = await anyone.post('/api/auth/refresh').set({ Cookie: pair, ...SAME_ORIGIN }).send({});
    expectProblem(again, 401, 'invalid_refresh_token');
  });
});

describe('signing out', () => {
  test('ends the session of the refresh token within a second', async () => {
    const { refreshToken, client } = await signUp();
    await anyone.post('/api/auth/logout').send({ refreshToken }).expect(204);
    await expectToEnd(client);
    expectProblem(await refresh(refreshToken), 401, 'invalid_refresh_token');
  });

  test('everywhere ends all sessions', async () => {
    const { email, client } = await signUp();
    const other = await anyone.post('/api/auth/login').send({ email, password: PASSWORD }).expect(200);
    await client.post('/api/auth/logout-all').expect(204);
    await expectToEnd(client);
    await expectToEnd(bearer(other.body.accessToken));
  });
});
