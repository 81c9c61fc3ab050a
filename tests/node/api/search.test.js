import { anyone, expectProblem, faultsOf, signUp } from './support.js';

let ada;
let groceries;
beforeAll(async () => {
  ada = (await signUp()).client;
  groceries = (await ada.post('/api/lists').send({ name: 'Groceries' }).expect(201)).body;
  const todos = [
    { title: 'Crème brûlée', tags: ['food'], listId: groceries.id },
    { title: 'Buy milk', tags: ['food', 'errands'], listId: groceries.id },
    { title: 'Call the dairy', notes: 'About the milk', tags: ['errands'] },
    { title: 'Landingpages' },
  ];
  for (const todo of todos) await ada.post('/api/todos').send(todo).expect(201);
});

async function found(query) {
  const { body } = await ada.get('/api/search').query(query).expect(200);
  return body.items.map(({ todo }) => todo.title);
}

describe('a search', () => {
  test('finds words as they begin, without their accents, and what looks like them', async () => {
    expect(await found({ q: 'landing' })).toEqual(['Landingpages']);
    expect(await found({ q: 'creme bru' })).toEqual(['Crème brûlée']);
    expect(await found({ q: 'milkk' })).toEqual(['Buy milk']);
    expect(await found({ q: "%' OR 1=1" })).toEqual([]);
  });

  test('has the best first, page by page, in one list or in all', async () => {
    const { body } = await ada.get('/api/search').query({ q: 'milk', limit: 1 }).expect(200);
    expect(body.items).toEqual([{ score: expect.any(Number), todo: expect.objectContaining({ title: 'Buy milk' }) }]);
    expect(await found({ q: 'milk', limit: 1, cursor: body.nextCursor })).toEqual(['Call the dairy']);
    expect(await found({ q: 'milk', listId: groceries.id })).toEqual(['Buy milk']);
  });

  test('looks for something, and finds nothing of others', async () => {
    expect(faultsOf(await ada.get('/api/search'))).toEqual(['invalid_type query:q']);
    const bob = (await signUp()).client;
    expect((await bob.get('/api/search?q=milk').expect(200)).body.items).toEqual([]);
    expectProblem(await anyone.get('/api/search?q=milk'), 401, 'unauthenticated');
  });
});

test('tags are counted, in one list or in all', async () => {
  expect((await ada.get('/api/tags').expect(200)).body).toEqual({
    items: [
      { name: 'errands', count: 2 },
      { name: 'food', count: 2 },
    ],
  });
  const { items } = (await ada.get('/api/tags').query({ listId: groceries.id }).expect(200)).body;
  expect(items.map(({ name, count }) => [name, count])).toEqual([
    ['errands', 1],
    ['food', 2],
  ]);
});
