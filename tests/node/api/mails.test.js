import { setTimeout } from 'node:timers/promises';
import { anyone, expectProblem, expectToEnd, newEmail, PASSWORD, signUp } from './support.js';

const NEXT_PASSWORD = 'another horse battery staple';

test('asking for a mail tells nobody whether there is an account', async () => {
  const { email } = await signUp();
  for (const route of ['forgot-password', 'resend-verification']) {
    for (const address of [email, newEmail()]) {
      const { body } = await anyone.post(`/api/auth/${route}`).send({ email: address }).expect(202);
      expect(body).toEqual({ status: 'accepted' });
    }
  }
});

test('tokens that were never mailed are good for nothing', async () => {
  const token = 'x'.repeat(43);
  expectProblem(await anyone.post('/api/auth/verify-email').send({ token }), 400, 'invalid_mail_token');
  const reset = await anyone.post('/api/auth/reset-password').send({ token, password: NEXT_PASSWORD });
  expectProblem(reset, 400, 'invalid_mail_token');
});

// a service that really sends its mails shows them to nobody
const describeWithMailbox = process.env.EVENSTAR_MAILBOX ? describe : describe.skip;

describeWithMailbox('a mailed token', () => {
  /** The token of the newest mail to an address whose link leads to this page. */
  async function tokenTo(address, page) {
    const link = new RegExp(`/auth/${page}#token=([\\w-]+)`);
    for (let waited = 0; waited < 100; waited += 1) {
      const { body } = await anyone.get('/dev/mailbox.json').expect(200);
      const token = body.filter(({ to }) => to === address).map(({ text }) => link.exec(text)?.[1]).find(Boolean);
      if (token) return token;
      await setTimeout(50);
    }
    throw new Error('there is no such mail');
  }

  test('verifies an address, once', async () => {
    const { email, client } = await signUp();
    const token = await tokenTo(email, 'verify-email');
    await anyone.post('/api/auth/verify-email').send({ token }).expect(204);
    expect((await client.get('/api/me').expect(200)).body.emailVerifiedAt).toEqual(expect.any(String));
    expectProblem(await anyone.post('/api/auth/verify-email').send({ token }), 400, 'invalid_mail_token');
  });

  test('sets a new password, and ends every session', async () => {
    const { email, client } = await signUp();
    await anyone.post('/api/auth/forgot-password').send({ email }).expect(202);
    const token = await tokenTo(email, 'reset-password');
    await anyone.post('/api/auth/reset-password').send({ token, password: NEXT_PASSWORD }).expect(204);
    await expectToEnd(client);
    await anyone.post('/api/auth/login').send({ email, password: PASSWORD }).expect(401);
    await anyone.post('/api/auth/login').send({ email, password: NEXT_PASSWORD }).expect(200);
  });

  test('confirms another address', async () => {
    const { email, client } = await signUp();
    const next = newEmail();
    await client.post('/api/me/email').send({ email: next }).expect(202);
    await anyone.post('/api/auth/login').send({ email: next, password: PASSWORD }).expect(401);
    await anyone.post('/api/auth/verify-email').send({ token: await tokenTo(next, 'verify-email') }).expect(204);
    await anyone.post('/api/auth/login').send({ email: next, password: PASSWORD }).expect(200);
    await anyone.post('/api/auth/login').send({ email, password: PASSWORD }).expect(401);
  });
});
