import { anyone } from './support.js';

test('the service is alive and ready', async () => {
  expect((await anyone.get('/health/live').expect(200)).body).toEqual({ status: 'alive' });
  expect((await anyone.get('/health/ready').expect(200)).body).toMatchObject({ status: 'ready', database: 'up' });
});

test('its keys are public, and only their public part is', async () => {
  const { keys } = (await anyone.get('/.well-known/jwks.json').expect(200)).body;
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) {
    expect(key).toEqual({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid: expect.any(String),
      x: expect.any(String),
      y: expect.any(String),
    });
  }
});

test('its document is of OpenAPI 3.1', async () => {
  const { body } = await anyone.get('/docs/openapi.json').expect(200);
  expect(body.openapi).toMatch(/^3\.1\./);
});

test('its figures are there for Prometheus', async () => {
  const response = await anyone.get('/metrics').expect(200);
  expect(response.headers['content-type']).toMatch(/^text\/plain/);
});

test('every answer carries the headers that keep browsers careful', async () => {
  for (const path of ['/health/live', '/api/me', '/api/nothing']) {
    const { headers } = await anyone.get(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-request-id': expect.any(String),
    });
    expect(headers.vary).toMatch(/\borigin\b/i);
  }
});
