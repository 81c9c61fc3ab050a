import type { Problem, ProblemCode } from './generated/types.gen.js';

export type ProblemOf<Code extends ProblemCode> = Extract<Problem, { code: Code }>;

/** An answer that is neither what was asked for nor a problem: a 304, or one of something in between. */
export class ResponseError extends Error {
  override readonly name: string = 'ResponseError';

  constructor(
    readonly response: Response,
    message = `Answered with the status ${response.status}`,
  ) {
    super(message);
  }
}

/** A refusal. `problem.code` tells which one, and narrows what else `problem` holds. */
export class ProblemError<P extends Problem = Problem> extends ResponseError {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: P,
    response: Response,
  ) {
    super(response, problem.detail);
  }
}

/** Whether it is a `ProblemError` with one of these codes, or with any where none is named. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: Code[]
): error is ProblemError<ProblemOf<Code>> {
  return error instanceof ProblemError && (codes.length === 0 || codes.some((code) => code === error.problem.code));
}

/** The row as it is now, where a change to the one that was seen came too late; undefined for any other error. */
export function currentOf<Row extends { id: string; version: number }>(error: unknown, seen: Row): Row | undefined {
  if (!isProblem(error, 'stale_version') || error.problem.current.id !== seen.id) return undefined;
  // of the same id, hence of the same table
  return error.problem.current as unknown as Row;
}

/** What a failed request throws, or with `throwOnError: false` returns: there only problems, the rest is thrown. */
export function toError(error: unknown, response: Response | undefined, options: { throwOnError?: boolean }): unknown {
  if (response === undefined) throw error;
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) throw new ResponseError(response);
  return options.throwOnError ? new ProblemError(error as Problem, response) : error;
}
