import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as jose from 'jose';
import jwt from 'jsonwebtoken';

const URL = process.env.EVENSTAR_URL;
const PASSWORD = 'correct horse battery staple';
const CLAIMS = { issuer: process.env.EVENSTAR_ISSUER, audience: 'evenstar' };

async function call(path, { token, body } = {}) {
  const response = await fetch(`${URL}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

let pair;
beforeAll(async () => {
  const email = `${randomUUID()}@example.com`;
  pair = (await call('/api/auth/register', { body: { email, password: PASSWORD, name: 'Ada' } })).body;
});

test('jose verifies our tokens by the key set', async () => {
  const keys = jose.createRemoteJWKSet(new globalThis.URL(`${URL}/.well-known/jwks.json`));
  const options = { ...CLAIMS, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['sid', 'jti', 'scope', 'iat'] };
  const { payload, protectedHeader } = await jose.jwtVerify(pair.accessToken, keys, options);
  expect(payload.sub).toBe(pair.user.id);
  expect(payload.exp - payload.iat).toBe(900);
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
  const [head, claims, signature] = pair.accessToken.split('.');
  const forged = Buffer.from(JSON.stringify({ ...payload, scope: 'admin' })).toString('base64url');
  await expect(jose.jwtVerify(`${head}.${forged}.${signature}`, keys, options)).rejects.toThrow('signature');
  await expect(jose.jwtVerify(`${head}.${claims}.${signature}`, keys, { ...options, audience: 'x' })).rejects.toThrow();
});

test('jsonwebtoken verifies our tokens by the key set', async () => {
  const { keys } = (await call('/.well-known/jwks.json')).body;
  const { header } = jwt.decode(pair.accessToken, { complete: true });
  const key = createPublicKey({ key: keys.find(({ kid }) => kid === header.kid), format: 'jwk' });
  const claims = jwt.verify(pair.accessToken, key, { ...CLAIMS, algorithms: ['ES256'] });
  expect(claims.sub).toBe(pair.user.id);
  expect(() => jwt.verify(pair.accessToken, key, { ...CLAIMS, issuer: 'https://elsewhere.example.com' })).toThrow();
});

describe('a token that jsonwebtoken signs', () => {
  const [jwk] = JSON.parse(readFileSync(process.env.EVENSTAR_SIGNING_KEYS, 'utf8')).keys;
  const ours = createPrivateKey({ key: jwk, format: 'jwk' });

  function sign(key, { typ = 'at+jwt', ...changes } = {}) {
    const claims = { ...jwt.decode(pair.accessToken), jti: randomUUID(), ...changes };
    return jwt.sign(claims, key, { algorithm: 'ES256', header: { typ, kid: jwk.kid } });
  }

  test('with our key is taken', async () => {
    const answer = await call('/api/me', { token: sign(ours) });
    expect(answer).toEqual({ status: 200, body: pair.user });
  });

  test('with another key, of another kind or for somebody else is not', async () => {
    const { privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
    const theirs = createPrivateKey({ key: await jose.exportJWK(privateKey), format: 'jwk' });
    const past = Math.floor(Date.now() / 1000) - 60;
    for (const token of [
      sign(theirs),
      sign(ours, { typ: 'JWT' }),
      sign(ours, { aud: 'elsewhere' }),
      sign(ours, { iss: 'https://elsewhere.example.com' }),
      sign(ours, { exp: past }),
      sign(ours, { sid: undefined }),
    ]) {
      expect(await call('/api/me', { token })).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    }
  });
});
