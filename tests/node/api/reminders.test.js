import { expectProblem, faultsOf, signUp } from './support.js';

let ada;
let todo;
beforeEach(async () => {
  ada = (await signUp()).client;
  const due = { date: '2030-01-31', time: '09:30', timeZone: 'Europe/Berlin' };
  todo = (await ada.post('/api/todos').send({ title: 'Buy milk', due }).expect(201)).body;
});

const path = () => `/api/todos/${todo.id}/reminders`;

test('you are reminded some minutes before a todo is due, wherever that is moved to', async () => {
  const response = await ada.post(path()).send({ minutesBefore: 30 });
  expect(response.status).toBe(201);
  expect(response.body).toMatchObject({ todoId: todo.id, fireAt: '2030-01-31T08:00:00Z', status: 'pending', version: 1 });
  expect(response.headers.location).toBe(`${path()}/${response.body.id}`);
  expect((await ada.get(response.headers.location).expect(200)).body).toEqual(response.body);
  await ada.get(response.headers.location).set('If-None-Match', response.headers.etag).expect(304);

  const due = { date: '2030-02-28', time: '09:30', timeZone: 'Europe/Berlin' };
  await ada.patch(`/api/todos/${todo.id}`).send({ due }).expect(200);
  const moved = (await ada.get(response.headers.location).expect(200)).body;
  expect(moved).toMatchObject({ fireAt: '2030-02-28T08:00:00Z', minutesBefore: 30, version: 2 });
});

test('reminders are listed as they come, once each, and taken back', async () => {
  const later = (await ada.post(path()).send({ minutesBefore: 0 }).expect(201)).body;
  const sooner = (await ada.post(path()).send({ fireAt: '2030-01-01T00:00:00+01:00' }).expect(201)).body;
  expect(sooner).toMatchObject({ fireAt: '2029-12-31T23:00:00Z', minutesBefore: null });
  expectProblem(await ada.post(path()).send({ fireAt: later.fireAt }), 409, 'reminder_exists');
  expect((await ada.get(path()).expect(200)).body).toEqual({ items: [sooner, later] });
  await ada.delete(`${path()}/${later.id}`).set('If-Match', '"1"').expect(204);
  expectProblem(await ada.get(`${path()}/${later.id}`), 404, 'not_found');
});

test('a reminder has one moment, and a due date where it depends on one', async () => {
  expect(faultsOf(await ada.post(path()).send({}))).toEqual(['custom body:']);
  expect(faultsOf(await ada.post(path()).send({ minutesBefore: -1, fireAt: 'soon' }))).toEqual([
    'invalid_format body:fireAt',
    'too_small body:minutesBefore',
  ]);
  await ada.patch(`/api/todos/${todo.id}`).send({ due: null }).expect(200);
  expectProblem(await ada.post(path()).send({ minutesBefore: 5 }), 422, 'reminder_needs_due');
});

test('the reminders of others are nobody elses', async () => {
  const { id } = (await ada.post(path()).send({ minutesBefore: 5 }).expect(201)).body;
  const bob = (await signUp()).client;
  expectProblem(await bob.get(path()), 404, 'not_found');
  expectProblem(await bob.delete(`${path()}/${id}`), 404, 'not_found');
});
