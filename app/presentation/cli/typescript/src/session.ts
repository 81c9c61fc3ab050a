import type { Problem, TokenPair } from './generated/types.gen.js';

export type Tokens = Pick<TokenPair, 'accessToken' | 'refreshToken'>;

/** Where the tokens are kept. The refresh token is null where a cookie holds it. */
export interface TokenStore {
  load(): Tokens | null | Promise<Tokens | null>;
  save(tokens: Tokens | null): void | Promise<void>;
}

/** Keeps the tokens for as long as the page or process lives. */
export function memoryStore(tokens: Tokens | null = null): TokenStore {
  return {
    load: () => tokens,
    save: (next) => {
      tokens = next;
    },
  };
}

export interface SessionOptions {
  /** The origin of the service, such as `https://api.example.com`; a page of the service itself needs none. */
  baseUrl?: string;
  /** Where the tokens are kept; in memory unless told. */
  tokens?: TokenStore;
  /** Told when the session has ended because its refresh token was refused; the tokens are gone by then. */
  onSignOut?: (problem: Problem) => void;
  /** How often a request that was refused for now, with `Retry-After`, is sent again: twice unless told. */
  retries?: number;
  /** The longest wait in seconds before a request is sent again: 30 unless told; a longer one is not waited for. */
  maxRetryAfter?: number;
  /** `include` for the browser mode of a page on another origin. */
  credentials?: RequestCredentials;
  fetch?: typeof fetch;
}

// 409 comes with Retry-After where the first request under an Idempotency-Key is still running
const RETRIED = [409, 429, 503];
// a session is over when its refresh token is refused, not when the service is busy or away
const REFUSED = [400, 401, 403, 422];

/** Sends requests: signs them, refreshes the access token when it has ended, waits when it is told to. */
export class Session {
  readonly baseUrl: string;
  readonly #store: TokenStore;
  readonly #options: SessionOptions;
  #refreshing: Promise<string | Response | null> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#store = options.tokens ?? memoryStore();
    this.baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
  }

  /** The access token, the next one while it is being refreshed. */
  readonly accessToken = async (): Promise<string | undefined> => {
    await this.#refreshing?.catch(() => undefined);
    return (await this.#store.load())?.accessToken;
  };

  /** Keeps what a sign-in answered. */
  async keep({ accessToken, refreshToken }: Tokens): Promise<void> {
    await this.#store.save({ accessToken, refreshToken });
  }

  async forget(): Promise<void> {
    await this.#store.save(null);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
      request.headers.set('Idempotency-Key', randomKey());
    }
    const response = await this.#send(request);
    const [scheme, used] = request.headers.get('Authorization')?.split(' ') ?? [];
    if (scheme !== 'Bearer' || used === undefined || !(await isTokenRefused(response))) return response;
    const renewed = await this.#renew(used);
    if (renewed === null) return response;
    if (renewed instanceof Response) return renewed.clone();
    request.headers.set('Authorization', `Bearer ${renewed}`);
    return this.#send(request);
  };

  async #send(request: Request): Promise<Response> {
    const { retries = 2, maxRetryAfter = 30 } = this.#options;
    const send = this.#options.fetch ?? fetch;
    for (let left = retries; ; left -= 1) {
      const response = await send(request.clone());
      const wait = RETRIED.includes(response.status) ? secondsToWait(response) : undefined;
      if (left <= 0 || wait === undefined || wait > maxRetryAfter) return response;
      await response.body?.cancel();
      await pause(wait, request.signal);
    }
  }

  /** Another access token than the one that was refused; null where there is none, an answer where none is to be had. */
  async #renew(refused: string): Promise<string | Response | null> {
    const tokens = await this.#store.load();
    if (tokens === null) return null;
    if (tokens.accessToken !== refused) return tokens.accessToken;
    this.#refreshing ??= this.#refresh(tokens).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh({ refreshToken }: Tokens): Promise<string | Response | null> {
    const { credentials } = this.#options;
    const response = await this.#send(
      new Request(`${this.baseUrl}/api/auth/refresh`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomKey() },
        body: JSON.stringify(refreshToken === null ? {} : { refreshToken }),
        ...(credentials && { credentials }),
      }),
    );
    if (response.ok) {
      const pair = (await response.json()) as TokenPair;
      await this.keep(pair);
      return pair.accessToken;
    }
    if (!REFUSED.includes(response.status)) return response;
    await this.forget();
    this.#options.onSignOut?.((await response.json()) as Problem);
    return null;
  }
}

async function isTokenRefused(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const problem = (await response.clone().json().catch(() => null)) as Partial<Problem> | null;
  return problem?.code === 'unauthenticated';
}

/** `Retry-After` is in seconds, or the time itself (RFC 9110 10.2.3). */
function secondsToWait(response: Response): number | undefined {
  const value = response.headers.get('Retry-After');
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, seconds * 1000);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** `crypto.randomUUID` is there on secure pages only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
