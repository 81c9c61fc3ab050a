import { expectProblem, faultsOf, signUp } from './support.js';

let ada;
beforeEach(async () => {
  ada = (await signUp()).client;
});

async function add(title, fields = {}) {
  return (await ada.post('/api/todos').send({ title, ...fields }).expect(201)).body;
}

const move = ({ id }, body) => ada.post(`/api/todos/${id}/move`).send(body);

async function titles(query = {}) {
  const { body } = await ada.get('/api/todos').query({ sort: 'position', ...query }).expect(200);
  return body.items.map(({ title }) => title);
}

describe('a todo', () => {
  test('stands where it is moved', async () => {
    const [a, b, c] = [await add('a'), await add('b'), await add('c')];
    expect(await titles()).toEqual(['a', 'b', 'c']);
    const moved = (await move(c, { afterId: a.id }).expect(200)).body;
    expect(moved).toMatchObject({ id: c.id, title: 'c', version: 2 });
    expect(await titles()).toEqual(['a', 'c', 'b']);
    await move(b, { beforeId: a.id }).expect(200);
    expect(await titles()).toEqual(['b', 'a', 'c']);
    expect(faultsOf(await move(b, { afterId: a.id, beforeId: c.id }))).toEqual(['custom body:beforeId']);
  });

  test('is moved below another, with all below itself, but never below itself', async () => {
    const [a, b] = [await add('a'), await add('b')];
    const child = await add('child', { parentId: b.id });
    expect((await move(b, { parentId: a.id }).expect(200)).body.parentId).toBe(a.id);
    expect(await titles({ parentId: b.id })).toEqual(['child']);
    expectProblem(await move(a, { parentId: child.id }), 422, 'parent_cycle');
    expectProblem(await move(child, { afterId: a.id }), 422, 'not_a_sibling');
    expect((await move(child, { parentId: null }).expect(200)).body.parentId).toBeNull();
  });

  test('goes to another list with all below it', async () => {
    const parent = await add('parent');
    await add('child', { parentId: parent.id });
    const list = (await ada.post('/api/lists').send({ name: 'Groceries' }).expect(201)).body;
    expect((await move(parent, { listId: list.id }).expect(200)).body.listId).toBe(list.id);
    expect((await titles({ listId: list.id })).sort()).toEqual(['child', 'parent']);
  });

  test('is duplicated right behind itself, open and with all below it', async () => {
    const original = await add('a', { notes: 'Two litres', completed: true });
    await add('b');
    const response = await ada.post(`/api/todos/${original.id}/duplicate`).expect(201);
    expect(response.body).toMatchObject({ title: 'a', notes: 'Two litres', status: 'open', version: 1 });
    expect(response.body.id).not.toBe(original.id);
    expect(response.headers.location).toBe(`/api/todos/${response.body.id}`);
    expect(await titles()).toEqual(['a', 'a', 'b']);
  });
});

describe('the trash', () => {
  test('holds what was deleted together as one, and gives it back as one', async () => {
    const parent = await add('parent');
    const child = await add('child', { parentId: parent.id });
    await ada.delete(`/api/todos/${parent.id}`).expect(204);
    expectProblem(await ada.get(`/api/todos/${child.id}`), 404, 'not_found');
    const { items } = (await ada.get('/api/trash').expect(200)).body;
    expect(items).toEqual([{ ...parent, version: 2, updatedAt: expect.any(String), deletedAt: expect.any(String) }]);
    expectProblem(await ada.post(`/api/todos/${child.id}/restore`), 409, 'parent_trashed');
    const restored = (await ada.post(`/api/todos/${parent.id}/restore`).expect(200)).body;
    expect(restored).toMatchObject({ id: parent.id, deletedAt: null });
    expect((await ada.get(`/api/todos/${child.id}`).expect(200)).body.deletedAt).toBeNull();
    expect((await ada.get('/api/trash').expect(200)).body.items).toEqual([]);
  });
});
