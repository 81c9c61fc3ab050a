import { toError } from './errors.js';
import { createClient } from './generated/client/index.js';
import * as operations from './generated/sdk.gen.js';
import type { TokenPair } from './generated/types.gen.js';
import { Session, type SessionOptions } from './session.js';

/** Every operation of the API by its name. */
export type Evenstar = typeof operations;

type Operation = (options: object) => Promise<{ data?: unknown; error?: unknown }>;

const SIGN_OUTS: ReadonlySet<string> = new Set<keyof Evenstar>(['logout', 'logoutAll', 'deleteMe']);

/**
 * A client that keeps its session by itself: what signs in is kept, and what ends is refreshed or forgotten.
 *
 * Operations throw `ProblemError`; with `throwOnError: false` they return `{ data, error }`, with the problems of the
 * operation as `error`.
 */
export function createEvenstar(options: SessionOptions = {}): Evenstar {
  const session = new Session(options);
  const client = createClient({
    baseUrl: session.baseUrl,
    auth: session.accessToken,
    fetch: session.fetch,
    throwOnError: true,
    ...(options.credentials && { credentials: options.credentials }),
  });
  client.interceptors.error.use((error, response: Response | undefined, _, used) => toError(error, response, used));

  const bound = Object.entries(operations).map(([name, operation]) => {
    const call: Operation = async (given) => {
      const result = await (operation as Operation)({ client, ...given });
      if (isTokenPair(result.data)) await session.keep(result.data);
      if (SIGN_OUTS.has(name) && result.error === undefined) await session.forget();
      return result;
    };
    return [name, call] as const;
  });
  return Object.fromEntries(bound) as unknown as Evenstar;
}

/** The condition that a row is still the one that was seen: `headers: ifMatch(todo)`. */
export function ifMatch(row: { version: number }): { 'If-Match': string } {
  return { 'If-Match': `"${row.version}"` };
}

function isTokenPair(data: unknown): data is TokenPair {
  return typeof data === 'object' && data !== null && 'accessToken' in data && 'refreshToken' in data;
}
