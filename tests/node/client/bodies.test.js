import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bodies } from 'evenstar-client/schemas';

const URL = process.env.EVENSTAR_URL;
const CASES = JSON.parse(readFileSync(new globalThis.URL('../bad-bodies.json', import.meta.url), 'utf8'));

const operations = {};
let token;

let asked = 0;

async function call(method, path, body) {
  asked += 1;
  const response = await fetch(URL + path, {
    method,
    headers: {
      'Content-Type': 'application/json',
      // from everywhere, so that no address uses its limits up
      'X-Forwarded-For': `10.1.${asked >> 8}.${asked & 255}`,
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}

beforeAll(async () => {
  const { paths } = await (await fetch(`${URL}/docs/openapi.json`)).json();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { operationId }] of Object.entries(item)) {
      operations[operationId] = [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, () => randomUUID())];
    }
  }
  // an admin may call every operation
  const { EVENSTAR_ADMIN_EMAIL: email, EVENSTAR_ADMIN_PASSWORD: password } = process.env;
  token = (await call('POST', '/api/auth/login', { email, password })).body.accessToken;
});

const told = (issues) => issues.map(({ code, path }) => `${code} ${JSON.stringify(path)}`).sort();

const foundByZod = (operation, body) => told(bodies[operation].safeParse(body).error?.issues ?? []);

async function foundByService(operation, body) {
  const answer = await call(...operations[operation], body);
  expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  return told(answer.body.issues);
}

test.each(CASES.map((each) => [each.operation, JSON.stringify(each.body).slice(0, 60), each]))(
  'Zod and the service find the same in a body of %s: %s',
  async (operation, _, { body, faults }) => {
    const expected = told(faults.map(([code, path]) => ({ code, path })));
    expect(foundByZod(operation, body)).toEqual(expected);
    expect(await foundByService(operation, body)).toEqual(expected);
  },
);

/** Values that most schemas refuse, one way or another. */
const ODD = [undefined, null, true, 0, 1.5, -1, 2 ** 53, '', ' ', 'x', 'é'.repeat(5000), [], [null], {}, { x: 1 }];

/** Objects with something odd in one field each, at any depth. */
function* oddOf(schema) {
  const { innerType, element, options, shape } = schema.def;
  if (innerType) yield* oddOf(innerType);
  for (const option of options ?? []) yield* oddOf(option);
  if (element) for (const odd of oddOf(element)) yield [odd];
  if (!shape) return;
  const fields = Object.entries(shape);
  const tags = fields.filter(([, field]) => field.def.type === 'literal');
  const tagged = Object.fromEntries(tags.map(([name, field]) => [name, field.def.values[0]]));
  yield { ...tagged, unknown: 1 };
  for (const [name, field] of fields) {
    for (const value of [...ODD, ...oddOf(field)]) yield { ...tagged, [name]: value };
  }
}

test.each(Object.keys(bodies))(
  'in what is odd, too: %s',
  async (operation) => {
    let compared = 0;
    for (const body of [...ODD.slice(1), ...oddOf(bodies[operation])]) {
      const expected = foundByZod(operation, body);
      if (expected.length > 0) {
        const found = await foundByService(operation, body);
        expect({ body, found }).toEqual({ body, found: expected });
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  },
  120_000,
);
