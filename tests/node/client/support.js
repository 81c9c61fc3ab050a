import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createEvenstar, memoryStore } from 'evenstar-client';

export const URL = process.env.EVENSTAR_URL;
export const PASSWORD = 'correct horse battery staple';

/** What a client sends, and what it was answered, in order. */
export function recorder() {
  const sent = [];
  const recorded = async (request) => {
    const { method, headers } = request;
    const entry = { method, path: new globalThis.URL(request.url).pathname, headers, at: performance.now() };
    sent.push(entry);
    const response = await fetch(request);
    entry.status = response.status;
    return response;
  };
  return { sent, fetch: recorded, to: (path) => sent.filter((entry) => entry.path === path) };
}

/** A client of a new account. */
export async function signUp(options = {}) {
  const tokens = options.tokens ?? memoryStore();
  const network = recorder();
  const evenstar = createEvenstar({ baseUrl: URL, fetch: network.fetch, ...options, tokens });
  const email = `${randomUUID()}@example.com`;
  await evenstar.register({ body: { email, password: PASSWORD, name: 'Ada' } });
  network.sent.length = 0;
  return { evenstar, tokens, email, network };
}

/** A service that answers what it is told to, one answer after the other, and remembers what it was asked. */
export async function scripted(...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ method: request.method, headers: request.headers, body });
    const { status, headers = {}, json } = answers.shift();
    response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...headers });
    response.end(json && JSON.stringify(json));
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    asked,
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
