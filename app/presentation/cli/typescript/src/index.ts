export { createEvenstar, ifMatch, type Evenstar } from './client.js';
export { currentOf, isProblem, ProblemError, ResponseError, type ProblemOf } from './errors.js';
export { pages } from './pages.js';
export { memoryStore, type SessionOptions, type Tokens, type TokenStore } from './session.js';
export type * from './generated/types.gen.js';

/** One of the operations that `bulkTodos` takes. */
export type BulkOperation = import('./generated/types.gen.js').TodoBulk['operations'][number];
