import { randomUUID } from 'node:crypto';
import { anyone, expectProblem, faultsOf, signUp } from './support.js';

let ada;
let bob;
beforeAll(async () => {
  [ada, bob] = await Promise.all([signUp(), signUp()]);
});

async function add(name, { client } = ada) {
  return (await client.post('/api/lists').send({ name }).expect(201)).body;
}

async function share(list, role, { client } = bob) {
  const { body } = await ada.client.post(`/api/lists/${list.id}/invitations`).send({ role }).expect(201);
  return (await client.post('/api/invitations/accept').send({ token: body.token }).expect(200)).body;
}

describe('a list', () => {
  test('is answered whole, with its place and its tag', async () => {
    const response = await ada.client.post('/api/lists').send({ name: ' Groceries ', colour: '#2e7d32' });
    expect(response.status).toBe(201);
    expect(response.body).toMatchObject({
      name: 'Groceries',
      colour: '#2e7d32',
      isInbox: false,
      role: 'owner',
      ownerId: ada.user.id,
      archivedAt: null,
      deletedAt: null,
      version: 1,
    });
    expect(response.headers.location).toBe(`/api/lists/${response.body.id}`);
    expect(response.headers.etag).toBe('"1"');
    expect((await ada.client.get(response.headers.location).expect(200)).body).toEqual(response.body);
  });

  test('changes by the fields that are sent, and null clears', async () => {
    const list = await add('Groceries');
    const path = `/api/lists/${list.id}`;
    const coloured = (await ada.client.patch(path).send({ colour: '#2e7d32' }).expect(200)).body;
    expect(coloured).toMatchObject({ name: 'Groceries', colour: '#2e7d32', version: 2 });
    const cleared = (await ada.client.patch(path).send({ colour: null, name: 'Food' }).expect(200)).body;
    expect(cleared).toMatchObject({ name: 'Food', colour: null, version: 3 });
    expect((await ada.client.patch(path).send({}).expect(200)).body).toEqual(cleared);
  });

  test('stands where it is moved', async () => {
    const { client } = await signUp();
    const [a, b] = [await add('a', { client }), await add('b', { client })];
    const names = async () => (await client.get('/api/lists').expect(200)).body.items.map(({ name }) => name);
    expect(await names()).toEqual(['Inbox', 'a', 'b']);
    await client.post(`/api/lists/${b.id}/move`).send({ beforeId: a.id }).expect(200);
    expect(await names()).toEqual(['Inbox', 'b', 'a']);
    expectProblem(await client.post(`/api/lists/${b.id}/move`).send({ afterId: randomUUID() }), 422, 'not_a_sibling');
    expect(faultsOf(await client.post(`/api/lists/${b.id}/move`).send({}))).toEqual(['custom body:']);
  });

  test('is archived for reading only, deleted, and brought back', async () => {
    const { id } = await add('Groceries');
    const path = `/api/lists/${id}`;
    await ada.client.post(`${path}/archive`).expect(200);
    expectProblem(await ada.client.patch(path).send({ name: 'Food' }), 409, 'list_archived');
    await ada.client.post(`${path}/unarchive`).expect(200);
    expectProblem(await ada.client.delete(path).set('If-Match', '"1"'), 412, 'stale_version');
    await ada.client.delete(path).set('If-Match', '"3"').expect(204);
    const { items } = (await ada.client.get('/api/lists?state=trashed').expect(200)).body;
    expect(items.map((list) => list.id)).toContain(id);
    const restored = (await ada.client.post(`${path}/restore`).expect(200)).body;
    expect(restored).toMatchObject({ deletedAt: null, archivedAt: null, version: 5 });
  });

  test('that is the inbox stays', async () => {
    const inbox = (await ada.client.get('/api/lists').expect(200)).body.items.find((list) => list.isInbox);
    expectProblem(await ada.client.delete(`/api/lists/${inbox.id}`), 409, 'inbox_immutable');
    expectProblem(await ada.client.post(`/api/lists/${inbox.id}/archive`), 409, 'inbox_immutable');
  });

  test('is nobody elses', async () => {
    const { id } = await add('Groceries');
    expectProblem(await anyone.get(`/api/lists/${id}`), 401, 'unauthenticated');
    expectProblem(await bob.client.get(`/api/lists/${id}`), 404, 'not_found');
    expectProblem(await bob.client.get(`/api/lists/${id}/members`), 404, 'not_found');
  });

  test('is told all faults at once', async () => {
    const response = await ada.client.post('/api/lists').send({ name: ' ', colour: 'green', isInbox: true });
    expect(faultsOf(response)).toEqual([
      'invalid_format body:colour',
      'invalid_format body:name',
      'unrecognized_keys body:',
    ]);
  });
});

describe('a shared list', () => {
  test('is joined by an invitation, once', async () => {
    const list = await add('Groceries');
    const { body: invitation } = await ada.client
      .post(`/api/lists/${list.id}/invitations`)
      .send({ role: 'viewer' })
      .expect(201);
    const accept = ({ client }) => client.post('/api/invitations/accept').send({ token: invitation.token });
    expect((await accept(bob).expect(200)).body).toMatchObject({ id: list.id, role: 'viewer', version: 2 });
    expectProblem(await accept(bob), 409, 'already_member');
    expectProblem(await accept(await signUp()), 410, 'invitation_used');
    expectProblem(await bob.client.patch(`/api/lists/${list.id}`).send({ name: 'Mine' }), 403, 'forbidden');
  });

  test('is not joined by an invitation that was taken back', async () => {
    const list = await add('Groceries');
    const path = `/api/lists/${list.id}/invitations`;
    const { token, ...shown } = (await ada.client.post(path).send({ role: 'editor' }).expect(201)).body;
    expect((await ada.client.get(path).expect(200)).body).toEqual({ items: [shown], nextCursor: null });
    await ada.client.delete(`${path}/${shown.id}`).expect(204);
    expectProblem(await bob.client.post('/api/invitations/accept').send({ token }), 404, 'not_found');
  });

  test('changes hands, and members change roles and leave', async () => {
    const list = await add('Groceries');
    const path = `/api/lists/${list.id}`;
    expect(await share(list, 'editor')).toMatchObject({ role: 'editor', ownerId: ada.user.id });
    const mine = `${path}/members/${bob.user.id}`;
    expect((await ada.client.patch(mine).send({ role: 'viewer' }).expect(200)).body).toMatchObject({ role: 'viewer' });
    await ada.client.post(`${path}/transfer`).send({ userId: bob.user.id }).expect(200);
    const { items } = (await ada.client.get(`${path}/members`).expect(200)).body;
    expect(items.map(({ userId, role }) => [userId, role])).toEqual([
      [ada.user.id, 'editor'],
      [bob.user.id, 'owner'],
    ]);
    expectProblem(await bob.client.delete(mine), 409, 'last_owner');
    await ada.client.delete(`${path}/members/${ada.user.id}`).expect(204);
    expectProblem(await ada.client.get(path), 404, 'not_found');
  });
});
