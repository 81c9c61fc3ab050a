// What a TypeScript client makes of the document; it is compiled, never run.
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

// what has a default or may be left out is optional, and null is told from absent
const draft: Schemas["TodoCreate"] = { title: "Buy milk" };
const change: Schemas["TodoUpdate"] = { notes: null };
// @ts-expect-error: a title is never null
const cleared: Schemas["TodoUpdate"] = { title: null };
// @ts-expect-error: a todo has no colour
const coloured: Schemas["TodoCreate"] = { title: "Buy milk", colour: "red" };

holds<Equal<Schemas["Todo"]["notes"], string | null>>();
holds<Equal<Schemas["Todo"]["title"], string>>();
holds<Equal<Schemas["Todo"]["due"], Schemas["Due"] | null>>();
holds<Equal<Schemas["Due"]["time"], string | null>>();
holds<Equal<Schemas["Priority"], "high" | "low" | "medium" | "none" | "urgent">>();
holds<Equal<Schemas["UserRole"], "user" | "admin">>();

// an operation's problems are its own
type Refused<P extends keyof paths, S extends number> = paths[P] extends {
  post: { responses: Record<S, { content: { "application/problem+json": infer B } }> };
}
  ? B
  : never;
holds<Equal<Refused<"/api/auth/refresh", 401>["code"], "invalid_refresh_token" | "refresh_reused">>();
holds<Equal<Refused<"/api/auth/register", 409>["code"], "email_taken" | "idempotency_key_in_use">>();
holds<Equal<Refused<"/api/auth/register", 409>["status"], 409>>();
holds<
  Equal<
    Refused<"/api/todos/{todoId}/move", 422>["code"],
    "idempotency_key_reused" | "not_a_sibling" | "parent_cycle" | "parent_not_found" | "too_deep" | "validation_failed"
  >
>();

export function explain(problem: Schemas["Problem"]): string {
  switch (problem.code) {
    case "validation_failed":
      return problem.issues.map(told).join("\n");
    case "stale_version":
      return `now at version ${problem.current.version}`;
    default:
      // @ts-expect-error: other problems have no issues
      return problem.issues;
  }
}

function told(issue: Schemas["Issue"]): string {
  const place: (string | number)[] = issue.path;
  switch (issue.code) {
    case "too_big":
      return `${place.join(".")} in ${issue.in}: ${issue.origin} over ${issue.maximum}`;
    case "too_small":
      return `${issue.origin} under ${issue.minimum}`;
    case "invalid_type":
      return `not ${issue.expected}`;
    case "invalid_format":
      return `not ${issue.format}, ${issue.pattern ?? "no pattern"}`;
    case "invalid_value":
      return issue.values.join();
    case "unrecognized_keys":
      return issue.keys.join();
    case "invalid_union":
      return issue.errors.flat().map((error) => error.message).join();
    case "custom":
      return issue.message;
    default: {
      const none: never = issue;
      return none;
    }
  }
}

// a stale change meets a row of its own kind
type Stale = paths["/api/todos/{todoId}"]["patch"]["responses"][412]["content"]["application/problem+json"];
export const title = (stale: Stale): string => stale.current.title;

export const used = [draft, change, cleared, coloured];
