import { anyone, bearer, expectProblem, expectToEnd, faultsOf, PASSWORD, signUp } from './support.js';

describe('your account', () => {
  test('is shown with its tag, and not again to those who have it', async () => {
    const { client, user } = await signUp();
    const response = await client.get('/api/me').expect(200);
    expect(response.body).toEqual(user);
    expect(response.headers.etag).toBe('"1"');
    const again = await client.get('/api/me').set('If-None-Match', '"1"').expect(304);
    expect(again.text).toBe('');
  });

  test('changes by the fields that are sent, under the version that was seen', async () => {
    const { client, user } = await signUp();
    const changed = await client.patch('/api/me').set('If-Match', '"1"').send({ timeZone: 'Pacific/Apia' }).expect(200);
    expect(changed.body).toEqual({
      ...user,
      timeZone: 'Pacific/Apia',
      version: 2,
      updatedAt: expect.any(String),
    });
    const stale = await client.patch('/api/me').set('If-Match', '"1"').send({ name: 'Countess' });
    expectProblem(stale, 412, 'stale_version');
    expect(stale.body.current).toEqual(changed.body);
  });

  test('keeps what is not its owner to change', async () => {
    const { client } = await signUp();
    const response = await client.patch('/api/me').send({ role: 'admin', name: ' ' });
    expect(faultsOf(response)).toEqual(['invalid_format body:name', 'unrecognized_keys body:']);
    const nowhere = await client.patch('/api/me').send({ timeZone: 'Nowhere/Land' });
    expect(faultsOf(nowhere)).toEqual(['custom body:timeZone']);
  });

  test('is gone when it is deleted', async () => {
    const { client, email } = await signUp();
    await client.delete('/api/me').expect(204);
    await expectToEnd(client);
    const login = await anyone.post('/api/auth/login').send({ email, password: PASSWORD });
    expectProblem(login, 401, 'invalid_credentials');
  });

  test('takes another password for the present one, and ends every session', async () => {
    const { client, email } = await signUp();
    const newPassword = 'another horse battery staple';
    const wrong = await client.post('/api/me/password').send({ currentPassword: 'a wrong guess', newPassword });
    expectProblem(wrong, 401, 'invalid_credentials');
    const changed = await client.post('/api/me/password').send({ currentPassword: PASSWORD, newPassword }).expect(200);
    await bearer(changed.body.accessToken).get('/api/me').expect(200);
    await expectToEnd(client);
    await anyone.post('/api/auth/login').send({ email, password: PASSWORD }).expect(401);
    await anyone.post('/api/auth/login').send({ email, password: newPassword }).expect(200);
  });
});

describe('your sessions', () => {
  test('are listed, and end one by one or all but this one', async () => {
    const { client, email } = await signUp();
    const signIn = async (device) => {
      const response = await anyone.post('/api/auth/login').set('User-Agent', device).send({ email, password: PASSWORD });
      return bearer(response.body.accessToken);
    };
    const phone = await signIn('phone/1.0');
    const tablet = await signIn('tablet/1.0');
    const { items } = (await client.get('/api/me/sessions').expect(200)).body;
    expect(items.map(({ device, current }) => [device, current])).toEqual(
      expect.arrayContaining([
        ['phone/1.0', false],
        ['tablet/1.0', false],
      ]),
    );
    expect(items.filter(({ current }) => current)).toHaveLength(1);

    await client.delete(`/api/me/sessions/${items.find(({ device }) => device === 'phone/1.0').id}`).expect(204);
    await expectToEnd(phone);
    await tablet.get('/api/me').expect(200);
    await client.delete('/api/me/sessions').expect(204);
    await expectToEnd(tablet);
    expect((await client.get('/api/me/sessions').expect(200)).body.items).toHaveLength(1);
  });

  test('of others are not there', async () => {
    const [ada, bob] = [await signUp(), await signUp()];
    const [{ id }] = (await bob.client.get('/api/me/sessions')).body.items;
    expectProblem(await ada.client.delete(`/api/me/sessions/${id}`), 404, 'not_found');
    await bob.client.get('/api/me').expect(200);
  });
});
