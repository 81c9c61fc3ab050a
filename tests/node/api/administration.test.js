import { expectProblem, expectToEnd, signInAdmin, signUp } from './support.js';

test('administration is for admins', async () => {
  const { client, user } = await signUp();
  expectProblem(await client.get('/api/users'), 403, 'forbidden');
  expectProblem(await client.get(`/api/users/${user.id}`), 403, 'forbidden');
  expectProblem(await client.patch(`/api/users/${user.id}`).send({ role: 'admin' }), 403, 'forbidden');
  expectProblem(await client.get('/api/audit-events'), 403, 'forbidden');
});

// where no admin's password is given, as for somebody else's service, there is nothing to sign in with
const describeForAdmins = process.env.EVENSTAR_ADMIN_EMAIL ? describe : describe.skip;

describeForAdmins('an admin', () => {
  let admin;
  beforeAll(async () => {
    admin = (await signInAdmin()).client;
  });

  test('sees all accounts, and nothing secret of them', async () => {
    const { user } = await signUp();
    const page = (await admin.get('/api/users?limit=1&includeTotal=true').expect(200)).body;
    expect(page.total).toBeGreaterThan(1);
    const shown = await admin.get(`/api/users/${user.id}`).expect(200);
    expect(shown.body).toEqual({ ...user, disabledAt: null });
    expect(shown.headers.etag).toBe('"1"');
  });

  test('disables an account, which ends its sessions, and enables it again', async () => {
    const { user, client } = await signUp();
    const path = `/api/users/${user.id}`;
    const disabled = await admin.patch(path).set('If-Match', '"1"').send({ disabled: true }).expect(200);
    expect(disabled.body.disabledAt).toEqual(expect.any(String));
    await expectToEnd(client);
    expectProblem(await admin.patch(path).set('If-Match', '"1"').send({ disabled: false }), 412, 'stale_version');
    expect((await admin.patch(path).send({ disabled: false }).expect(200)).body.disabledAt).toBeNull();
  });

  test('finds what was done in the audit log', async () => {
    const { user } = await signUp();
    await admin.patch(`/api/users/${user.id}`).send({ disabled: true }).expect(200);
    const { items } = (await admin.get('/api/audit-events?limit=100').expect(200)).body;
    const change = items.find(({ action, subjectId }) => action === 'user.change' && subjectId === user.id);
    expect(change).toMatchObject({ outcome: 'success', actorId: expect.any(String) });
  });
});
