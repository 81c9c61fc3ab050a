import { expectProblem, faultsOf, signUp } from './support.js';

let ada;
beforeAll(async () => {
  ada = (await signUp()).client;
});

async function add(fields = {}) {
  return (await ada.post('/api/todos').send({ title: 'Water the plants', ...fields }).expect(201)).body;
}

async function shown({ id }) {
  return (await ada.get(`/api/todos/${id}`).expect(200)).body;
}

describe('a todo', () => {
  test('is completed with what is open below it, and reopened with what is done above it', async () => {
    const parent = await add();
    const child = await add({ parentId: parent.id });
    const { body } = await ada.post(`/api/todos/${parent.id}/complete`).send({}).expect(200);
    expect(body).toMatchObject({ completedOccurrence: null, todo: { id: parent.id, status: 'completed' } });
    expect(await shown(child)).toMatchObject({ status: 'completed', completed: true });
    const reopened = await ada.post(`/api/todos/${child.id}/reopen`).expect(200);
    expect(reopened.body).toMatchObject({ status: 'open', completedAt: null, completedBy: null });
    expect((await shown(parent)).status).toBe('open');
  });

  test('is cancelled, unless it is done', async () => {
    const todo = await add();
    const cancelled = await ada.post(`/api/todos/${todo.id}/cancel`).expect(200);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', completed: false });
    const done = await add({ completed: true });
    expectProblem(await ada.post(`/api/todos/${done.id}/cancel`), 409, 'todo_not_open');
  });

  test('is due on a day that stays what it is in every time zone', async () => {
    const day = await add({ due: { date: '2030-03-31' } });
    expect(day).toMatchObject({ due: { date: '2030-03-31', time: null, timeZone: null }, dueAt: '2030-03-31T21:59:59Z' });
    const moment = await add({ due: { date: '2030-03-31', time: '09:30', timeZone: 'America/New_York' } });
    expect(moment.due).toEqual({ date: '2030-03-31', time: '09:30:00', timeZone: 'America/New_York' });
    expect(moment.dueAt).toBe('2030-03-31T13:30:00Z');
    const response = await ada.post('/api/todos').send({ title: 'a', due: { date: '2030-02-30', time: '24:00' } });
    expect(faultsOf(response)).toEqual(['invalid_format body:due.date', 'invalid_format body:due.time']);
  });
});

describe('a series', () => {
  const recurrence = { rule: 'FREQ=WEEKLY', timeZone: 'Europe/Berlin' };

  test('moves on when its occurrence is done, and late requests leave the next one alone', async () => {
    const { id } = await add({ due: { date: '2030-01-07' }, recurrence });
    const complete = (body) => ada.post(`/api/todos/${id}/complete`).send(body);
    const { body } = await complete({ occurrence: '2030-01-07' }).expect(200);
    expect(body.completedOccurrence).toMatchObject({ scheduledFor: '2030-01-07', outcome: 'completed' });
    expect(body.todo).toMatchObject({ status: 'open', due: { date: '2030-01-14' } });
    expectProblem(await complete({ occurrence: '2030-01-07' }), 409, 'occurrence_moved_on');
    expectProblem(await complete({}), 422, 'occurrence_required');

    const skipped = (await ada.post(`/api/todos/${id}/skip`).send({ occurrence: '2030-01-14' }).expect(200)).body;
    expect(skipped).toMatchObject({ skippedOccurrence: { outcome: 'skipped' }, todo: { due: { date: '2030-01-21' } } });
    const { items } = (await ada.get(`/api/todos/${id}/occurrences`).expect(200)).body;
    expect(items).toEqual([skipped.skippedOccurrence, body.completedOccurrence]);
  });

  test('that has come to its end is done', async () => {
    const { id } = await add({ due: { date: '2030-01-07' }, recurrence: { ...recurrence, rule: 'FREQ=DAILY;COUNT=1' } });
    const { body } = await ada.post(`/api/todos/${id}/complete`).send({ occurrence: '2030-01-07' }).expect(200);
    expect(body.todo).toMatchObject({ status: 'completed', due: { date: '2030-01-07' } });
  });

  test('needs a rule that is understood, and a day to start from', async () => {
    const rule = { ...recurrence, rule: 'FREQ=HOURLY' };
    const unknown = await ada.post('/api/todos').send({ title: 'a', due: { date: '2030-01-07' }, recurrence: rule });
    expectProblem(unknown, 422, 'invalid_recurrence');
    expectProblem(await ada.post('/api/todos').send({ title: 'a', recurrence }), 422, 'invalid_recurrence');
    const { id } = await add();
    expectProblem(await ada.post(`/api/todos/${id}/skip`).send({}), 409, 'todo_not_recurring');
  });
});
