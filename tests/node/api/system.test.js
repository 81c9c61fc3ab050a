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

test('HEAD is answered like GET without a body, and OPTIONS tells the methods', async () => {
  for (const path of ['/health/live', '/docs/openapi.json', '/api/me']) {
    const [whole, head] = [await anyone.get(path), await anyone.head(path)];
    expect(head.status).toBe(whole.status);
    expect(head.text).toBeUndefined();
    for (const name of ['content-type', 'content-length']) expect(head.headers[name]).toBe(whole.headers[name]);
  }
  expect((await anyone.options('/api/me').expect(204)).headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PATCH');
  expect((await anyone.put('/api/me')).headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PATCH');
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
