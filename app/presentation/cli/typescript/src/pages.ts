interface Page {
  items: unknown[];
  nextCursor: string | null;
}
type Listing = (options: never) => Promise<{ data: Page | undefined }>;
type Item<List extends Listing> = NonNullable<Awaited<ReturnType<List>>['data']>['items'][number];

/** All items of a listing, page after page: `for await (const todo of pages(evenstar.listTodos, { query }))`. */
export async function* pages<List extends Listing>(
  list: List,
  options?: Parameters<List>[0],
): AsyncGenerator<Item<List>, void, undefined> {
  const read = list as unknown as (options: object) => Promise<{ data: Page }>;
  const { query, ...rest } = (options ?? {}) as { query?: { cursor?: string } };
  let cursor = query?.cursor;
  do {
    const { data } = await read({ ...rest, query: { ...query, ...(cursor && { cursor }) }, throwOnError: true });
    yield* data.items as Item<List>[];
    cursor = data.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
